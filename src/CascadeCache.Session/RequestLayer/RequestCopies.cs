namespace CascadeCache.Session;

/// <summary>
/// What one request knows of its keys: for each the last answer, or nothing. Safe for use by any thread; holds no request and calls nobody under its lock. Owns its arrays: what goes to a caller or
/// comes from one is cloned, by <see cref="Cloned"/>, outside of the lock.
/// </summary>
/// <remarks>
/// <para>The calls to the cache below happen between a begin and an end here, without the lock. Each key has a stamp that changes with everything that happens to it, and the number of writes under
/// way. An end may keep its value as the copy only if nothing happened since its begin. The interleavings that would otherwise put something old into the copy:</para>
/// <code>
///   read | write       read asks the cache: old;  write begins and ends, copy = new;  read ends       the stamp has changed: the read takes over the copy, new
///   read | failed      read asks: old;  write begins, is stored, throws;              read ends       the stamp has changed: no copy; the read's own answer is as good as any
///   write ( read )     write begins;  read asks: old;  write is stored;               read ends       a write is under way: no copy, although nothing ended since the read began
///   write | write      a begins;  b begins;  the cache stores b, then a;  a ends;     b ends          the stamp has changed, twice: no copy, for nobody knows the order
///   write ( write )    a begins;  b begins;  the cache stores b, then a;  b ends      (a is not back) a write is under way: no copy
///   read | fresh       read asks: old;  another server writes new;  fresh read: new, copy = new;  read ends     the read takes over the copy, new
///   fresh | read       fresh asks: old;  another server writes new;  read: new, copy = new;  fresh ends         the stamp has changed: no copy, and the next read asks
/// </code>
/// <para>A read that ends while there is a copy takes the copy's answer: two reads of one request never disagree unless something was written or read afresh between them. A write that failed, was
/// cancelled or met another version leaves no copy, so the next read asks.</para>
/// </remarks>
internal class RequestCopies
{
    private readonly Dictionary<string, KeyCopy> _keys = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Looks for the copy, and begins a read if there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, to be cloned; null: known to be missing, or not known.</param>
    /// <param name="stamp">For the end of the read.</param>
    /// <returns>Whether there is a copy.</returns>
    public bool TryFind(string key, out byte[]? value, out long stamp)
    {
        lock (_lock)
        {
            KeyCopy copy = CopyOf(key);
            (value, stamp) = (copy.Value, copy.Stamp);
            return copy.IsKnown;
        }
    }

    /// <summary>Ends a read that the cache answered.</summary>
    /// <param name="key">The key.</param>
    /// <param name="stamp">From the begin.</param>
    /// <param name="answer">The cache's answer; belongs to the copies from now on.</param>
    /// <returns>The reader's answer, to be cloned.</returns>
    public byte[]? EndRead(string key, long stamp, byte[]? answer)
    {
        lock (_lock)
        {
            KeyCopy copy = CopyOf(key);
            if (MayKeep(copy, stamp))
            {
                copy.Keep(answer);
            }

            return copy.IsKnown ? copy.Value : answer;
        }
    }

    /// <summary>Begins a read that asks the cache whatever is known.</summary>
    /// <returns>The stamp, for the end of the read.</returns>
    public long BeginFreshRead(string key)
    {
        lock (_lock)
        {
            return CopyOf(key).Stamp;
        }
    }

    /// <summary>Ends a read that asked the cache whatever was known. Its answer replaces the copy; where something happened meanwhile, nobody knows which is newer, and there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="stamp">From the begin.</param>
    /// <param name="answer">The cache's answer; belongs to the copies from now on.</param>
    public void EndFreshRead(string key, long stamp, byte[]? answer)
    {
        lock (_lock)
        {
            KeyCopy copy = CopyOf(key);
            if (MayKeep(copy, stamp))
            {
                copy.Keep(answer);
            }
            else
            {
                copy.Drop();
            }
        }
    }

    /// <summary>Begins a write or a removal. Until its end the key has no copy.</summary>
    /// <returns>The stamp, for the end of the write; it must be ended exactly once.</returns>
    public long BeginWrite(string key)
    {
        lock (_lock)
        {
            KeyCopy copy = CopyOf(key);
            copy.WritesUnderWay++;
            copy.Drop();
            return copy.Stamp;
        }
    }

    /// <summary>Ends a write or a removal.</summary>
    /// <param name="key">The key.</param>
    /// <param name="stamp">From the begin.</param>
    /// <param name="isDone">Whether the cache did it, and said so.</param>
    /// <param name="value">What is stored now; belongs to the copies from now on. Null after a removal.</param>
    public void EndWrite(string key, long stamp, bool isDone, byte[]? value)
    {
        lock (_lock)
        {
            KeyCopy copy = CopyOf(key);
            copy.WritesUnderWay--;
            if (MayKeepWritten(copy, stamp, isDone))
            {
                copy.Keep(value);
            }
            else
            {
                copy.Drop();
            }
        }
    }

    /// <summary>A caller's array for the copies, or one of the copies' for a caller.</summary>
    public virtual byte[]? Cloned(byte[]? value) => (byte[]?)value?.Clone();

    /// <summary>The rule for reads. Virtual, as the next one, so that the tests can keep variants that break it.</summary>
    protected virtual bool MayKeep(KeyCopy copy, long stamp) => copy.WritesUnderWay == 0 && copy.Stamp == stamp;

    /// <summary>The rule for writes.</summary>
    protected virtual bool MayKeepWritten(KeyCopy copy, long stamp, bool isDone) => isDone && copy.WritesUnderWay == 0 && copy.Stamp == stamp;

    private KeyCopy CopyOf(string key)
    {
        if (!_keys.TryGetValue(key, out KeyCopy? copy))
        {
            _keys.Add(key, copy = new KeyCopy());
        }

        return copy;
    }

    /// <summary>One key. Used under the lock of its owner.</summary>
    internal sealed class KeyCopy
    {
        public bool IsKnown { get; private set; }

        /// <summary>The value; null: known to be missing, if it is known.</summary>
        public byte[]? Value { get; private set; }

        public long Stamp { get; private set; }

        public int WritesUnderWay { get; set; }

        public void Keep(byte[]? value)
        {
            (IsKnown, Value) = (true, value);
            Stamp++;
        }

        public void Drop()
        {
            (IsKnown, Value) = (false, null);
            Stamp++;
        }
    }
}
