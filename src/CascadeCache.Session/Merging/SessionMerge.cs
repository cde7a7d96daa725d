namespace CascadeCache.Session.Merging;

/// <summary>
/// The three-way merge of a session, name by name: what this request has not changed is as stored now, what it has changed is as it left it. Pure; nothing is parsed and nothing is copied
/// while the stored session is the one that the request began with.
/// </summary>
internal static class SessionMerge
{
    public const string UnknownFormat = "one of them is not in the format of the stock session";
    public const string OtherIncarnation = "they are different sessions under one key";
    public const string TooLarge = "together they are too large for the format of the stock session";

    /// <summary>Merges what this request writes into what is stored.</summary>
    /// <param name="history">What the request's changes are told from: see <see cref="MergeHistory"/>.</param>
    /// <param name="mine">What the request writes.</param>
    /// <param name="theirs">What is stored; null if nothing is.</param>
    /// <param name="obstacle">Why there is no result; null if there is one.</param>
    /// <returns>What to store, which may be <paramref name="mine"/> itself; null if the two cannot be merged.</returns>
    public static byte[]? Merge(MergeHistory history, byte[] mine, byte[]? theirs, out string? obstacle)
    {
        obstacle = null;

        // Nothing stored is not the same as everything removed: the entry was evicted or has expired, and this request has all that is left of it.
        if (theirs is null)
        {
            return mine;
        }

        // Not even a known format is needed where nobody else has changed anything. Another version alone is no change: reading a session extends it.
        if (history.Base is { } unchanged && unchanged.AsSpan().SequenceEqual(theirs))
        {
            return SessionBlobWriter.WithIdOf(mine, theirs);
        }

        SessionBlob? baseBlob = null;
        if (!SessionBlob.TryParse(theirs, out SessionBlob? theirBlob)
            || !SessionBlob.TryParse(mine, out SessionBlob? myBlob)
            || (history.Base is not null && !SessionBlob.TryParse(history.Base, out baseBlob)))
        {
            obstacle = UnknownFormat;
            return null;
        }

        if (baseBlob is not null && !baseBlob.Id.SequenceEqual(theirBlob.Id))
        {
            obstacle = OtherIncarnation;
            return null;
        }

        var attempts = new List<SessionBlob>();
        foreach (byte[] uncertain in history.Uncertain)
        {
            if (SessionBlob.TryParse(uncertain, out SessionBlob? attempt))
            {
                attempts.Add(attempt);
            }
        }

        var changes = new Changes(baseBlob, attempts, myBlob, theirBlob);
        byte[]? merged = SessionBlobWriter.Write(theirBlob.Id, Apply(changes));
        obstacle = merged is null ? TooLarge : null;
        return merged;
    }

    private static List<(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)> Apply(Changes changes)
    {
        SessionBlob theirs = changes.Theirs;
        var entries = new List<(ReadOnlyMemory<byte>, ReadOnlyMemory<byte>)>(theirs.Entries.Count + changes.Mine.Entries.Count);
        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in theirs.Entries)
        {
            if (!changes.Include(name))
            {
                entries.Add((name, value));
            }
            else if (changes.Mine.Entries.TryGetValue(name, out ReadOnlyMemory<byte> mine))
            {
                entries.Add((name, mine));
            }
        }

        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in changes.Mine.Entries)
        {
            if (!theirs.Entries.ContainsKey(name) && changes.Include(name))
            {
                entries.Add((name, value));
            }
        }

        return entries;
    }

    /// <summary>What this request has changed. A session that it began without counts as one without names: then all that it has is its own.</summary>
    private readonly record struct Changes(SessionBlob? Base, List<SessionBlob> Attempts, SessionBlob Mine, SessionBlob Theirs)
    {
        public bool Include(ReadOnlyMemory<byte> name)
        {
            if (!IsSame(Base, Mine, name))
            {
                return true;
            }

            // As at the beginning, but not as in an attempt in between, and what is stored is as in that attempt: it was this request that stored it.
            foreach (SessionBlob attempt in Attempts)
            {
                if (!IsSame(attempt, Mine, name) && IsSame(attempt, Theirs, name))
                {
                    return true;
                }
            }

            return false;
        }

        private static bool IsSame(SessionBlob? one, SessionBlob other, ReadOnlyMemory<byte> name)
        {
            ReadOnlyMemory<byte> value = default;
            bool isInOne = one is not null && one.Entries.TryGetValue(name, out value);
            bool isInOther = other.Entries.TryGetValue(name, out ReadOnlyMemory<byte> otherValue);
            return isInOne == isInOther && value.Span.SequenceEqual(otherValue.Span);
        }
    }
}

/// <summary>What a request's changes are told from.</summary>
/// <param name="Base">What the request began with: what it loaded, or what its session object wrote last; null if there was nothing.</param>
/// <param name="Uncertain">
/// What its session object has tried to write since, without learning whether it was stored. A name that the request had set then and has removed again is not in <paramref name="Base"/>, but
/// may be stored by it, and then its removal is a change.
/// </param>
internal readonly record struct MergeHistory(byte[]? Base, IReadOnlyList<byte[]> Uncertain);
