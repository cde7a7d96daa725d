using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.Flow;

/// <summary>
/// Lets readers of one key that may not fill share one read of the durable tier. A reader joins only a read that begins after it came: one that
/// is already under way may have passed a write that was acknowledged since. So at most two reads of a key run or wait at any time, however many ask.
/// </summary>
/// <remarks>Asynchronous callers only: a synchronous one would wait for a continuation that needs the thread pool; it reads for itself.</remarks>
internal sealed class SharedReads(IDurableTier durable, CacheCounters counters)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    public async ValueTask<DurableRead> ReadAsync(CacheKey key, CallContext call)
    {
        if (call.Blocking)
        {
            return await durable.ReadAsync(key, DurableCause.Get, call).ConfigureAwait(false);
        }

        return await Join(key).WaitAsync(call.CancellationToken).ConfigureAwait(false);
    }

    private Task<DurableRead> Join(CacheKey key)
    {
        lock (_gate)
        {
            if (_turns.TryGetValue(key.Text, out Turn? turn))
            {
                counters.Add(Counter.DatastoreSharedReads);
                return (turn.Next ??= NewTurn()).Task;
            }

            turn = new Turn();
            _turns.Add(key.Text, turn);
            TaskCompletionSource<DurableRead> first = NewTurn();
            _ = RunAsync(key, turn, first);
            return first.Task;
        }
    }

    private async Task RunAsync(CacheKey key, Turn turn, TaskCompletionSource<DurableRead> current)
    {
        // Nothing of a read may run under the gate that Join holds.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            try
            {
                // Of all who wait nobody's cancellation ends the others' read.
                current.SetResult(await durable.ReadAsync(key, DurableCause.Get, CallContext.Async(CancellationToken.None)).ConfigureAwait(false));
            }
#pragma warning disable CA1031 // Every failure goes to those who wait for this read.
            catch (Exception e)
#pragma warning restore CA1031
            {
                current.SetException(e);
                _ = current.Task.Exception; // all who waited may have given up: then nobody is left to see it
            }

            lock (_gate)
            {
                if (turn.Next is not { } next)
                {
                    _turns.Remove(key.Text);
                    return;
                }

                current = next;
                turn.Next = null;
            }
        }
    }

    private static TaskCompletionSource<DurableRead> NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Turn
    {
        /// <summary>The read that begins when the running one has ended.</summary>
        public TaskCompletionSource<DurableRead>? Next { get; set; }
    }
}
