using System.Runtime.InteropServices;

namespace CascadeCache.Session.Store;

/// <summary>
/// Lets those requests of one process that merge their changes into one session do so one after the other: who comes while another writes waits in the queue of the key, and is told what its predecessor has stored, so that it
/// can merge onto that at once. n writers then make n attempts; all at the same time they make up to n²/2, since of those that run at any time one succeeds.
/// </summary>
/// <remarks>
/// <para>This saves work and decides nothing. Whether a write may be made its version alone decides, so one that is made out of turn is as right as one of another process, and so is one onto what a predecessor has stored and
/// somebody else has replaced since.</para>
/// <para>Any thread. Nobody blocks: who waits is continued by the thread pool, neither under the gate nor by its predecessor. A queue exists only while somebody writes its key.</para>
/// </remarks>
internal sealed class WriteTurns(TimeProvider time)
{
    /// <summary>When for so long nothing of a queue has been stored, all who wait in it go ahead at once, out of turn.</summary>
    /// <remarks>
    /// As long as writes succeed, to wait for them costs nothing: of writers of one key only one can succeed at a time. One that does not end because a server is silent, or one after the other that fails because of it, must not
    /// delay those behind by the time-outs of all before them. So nobody waits longer than this for nothing: many times what a write takes, and a fraction of what it may take (the time-outs of the
    /// cache, and <c>SessionOptions.IOTimeout</c>, which goes on running for who waits).
    /// </remarks>
    public static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);

    /// <summary>How many keys are written in turns now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _lines.Count;
            }
        }
    }

    /// <summary>Joins the queue of a key, or opens it. Whoever does must <see cref="Pass"/> the turn, however the waiting and the writing end.</summary>
    public WriteTurn Join(string key)
    {
        lock (_gate)
        {
            ref Line? line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, key, out bool exists);
            if (!exists)
            {
                line = new Line(key);
                return new WriteTurn(line, null);
            }

            Line joined = line!;
            if (joined.Watch is null)
            {
                joined.Since = time.GetTimestamp();

                // A key that is written without a pause has one queue all the time: it must not keep what flows with the request that happened to be the first to wait.
                using (ExecutionContext.SuppressFlow())
                {
                    joined.Watch = time.CreateTimer(state => EndStandstill((Line)state!), joined, LongestStandstill, Timeout.InfiniteTimeSpan);
                }
            }

            var came = new TaskCompletionSource<VersionedValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
            joined.Waiting.Enqueue(came);
            return new WriteTurn(joined, came);
        }
    }

    /// <summary>Ends a turn: the next one's has come. Does nothing for who has not got its turn or has not got it any more.</summary>
    /// <param name="turn">What <see cref="Join"/> returned.</param>
    /// <param name="stored">What was stored, and its version; null if nothing was, or if that is not known.</param>
    public void Pass(WriteTurn turn, VersionedValue? stored)
    {
        ITimer? watch;
        lock (_gate)
        {
            Line line = turn.Line;
            if (line.IsOver || line.Holder != turn.Came)
            {
                return;
            }

            while (line.Waiting.TryDequeue(out TaskCompletionSource<VersionedValue?>? next))
            {
                // Not if its caller has called it off: one of the two completes it, the other comes too late.
                if (next.TrySetResult(stored))
                {
                    line.Holder = next;
                    line.Since = stored is null ? line.Since : time.GetTimestamp();
                    return;
                }
            }

            watch = End(line);
        }

        watch?.Dispose();
    }

    private void EndStandstill(Line line)
    {
        ITimer? watch;
        lock (_gate)
        {
            if (line.IsOver)
            {
                return;
            }

            // The timer is not touched when a turn passes; so it comes too early as a rule, and by a little always may.
            TimeSpan left = LongestStandstill - time.GetElapsedTime(line.Since);
            if (left > TimeSpan.Zero)
            {
                line.Watch!.Change(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
                return;
            }

            foreach (TaskCompletionSource<VersionedValue?> waiting in line.Waiting)
            {
                waiting.TrySetResult(null);
            }

            watch = End(line);
        }

        watch?.Dispose();
    }

    private ITimer? End(Line line)
    {
        line.IsOver = true;
        _lines.Remove(line.Key);
        return line.Watch;
    }

    /// <summary>Those who write one key, while somebody does. All but the key is read and changed under the gate only.</summary>
    internal sealed class Line(string key)
    {
        public string Key => key;

        /// <summary>Whose turn it is, by what it waited for; null: the one who opened the queue.</summary>
        public TaskCompletionSource<VersionedValue?>? Holder { get; set; }

        public Queue<TaskCompletionSource<VersionedValue?>> Waiting { get; } = new();

        /// <summary>When a write has succeeded last, or the first one has begun to wait.</summary>
        public long Since { get; set; }

        /// <summary>Ends a standstill; null as long as nobody has had to wait.</summary>
        public ITimer? Watch { get; set; }

        public bool IsOver { get; set; }
    }
}

/// <summary>One writer's place in the queue of its key.</summary>
internal readonly record struct WriteTurn(WriteTurns.Line Line, TaskCompletionSource<VersionedValue?>? Came)
{
    /// <summary>Whether nobody was there: its turn has come without waiting.</summary>
    public bool IsFirst => Came is null;

    /// <summary>Waits for the turn, or for the end of a standstill.</summary>
    /// <param name="token">Ends the wait; the place in the queue is then given up.</param>
    /// <returns>What the predecessor has stored; null if that is not known.</returns>
    public async Task<VersionedValue?> WaitAsync(CancellationToken token)
    {
        if (Came is not { } came)
        {
            return null;
        }

        using (token.UnsafeRegister(static (state, token) => ((TaskCompletionSource<VersionedValue?>)state!).TrySetCanceled(token), came))
        {
            return await came.Task.ConfigureAwait(false);
        }
    }
}
