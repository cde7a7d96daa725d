using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// How much of large values may lie in a connection's buffer, while what lay there before is being sent: the others wait, in the order in which they came, and are copied when there is room. So a server that is
/// slower than its writers costs little memory, and what is small overtakes all but a bounded part of what is large. Guarded by the connection's gate.
/// </summary>
/// <remarks>A connection has two: whoever blocks must not wait for room that was promised to somebody who needs the thread pool to come for it.</remarks>
internal sealed class SendRoom
{
    /// <summary>Less than this is no large value, and asks for no room.</summary>
    public const int LeastLarge = 32 * 1024;

    /// <summary>Bytes of values; one that is larger has the room for itself.</summary>
    public const int Size = 1024 * 1024;

    private readonly LinkedList<Waiter> _waiting = [];
    private long _promised;
    private long _entered;

    /// <summary>Promises room; whoever has it either enters or leaves.</summary>
    /// <returns>Null: there is room. Otherwise it is promised when this says so.</returns>
    public Waiter? Ask(long bytes)
    {
        if (_waiting.Count == 0 && Fits(bytes))
        {
            _promised += bytes;
            return null;
        }

        var waiter = new Waiter(bytes);
        waiter.Place = _waiting.AddLast(waiter);
        return waiter;
    }

    /// <summary>What was promised is in the buffer now.</summary>
    public void Enter(long bytes) => (_promised, _entered) = (_promised - bytes, _entered + bytes);

    /// <summary>What was promised is not needed.</summary>
    public void Leave(long bytes)
    {
        _promised -= bytes;
        Admit();
    }

    /// <summary>Gives up, whether room was promised meanwhile or not.</summary>
    public void Leave(Waiter waiter)
    {
        if (waiter.Place is { } place)
        {
            waiter.Place = null;
            _waiting.Remove(place);
            Admit(); // he may have been the first, and too large for what others find enough
        }
        else
        {
            Leave(waiter.Bytes);
        }
    }

    /// <summary>The buffer is empty: room for those who have waited longest.</summary>
    public void Clear()
    {
        _entered = 0;
        Admit();
    }

    /// <summary>Lets all go on: nothing will be sent any more.</summary>
    public void AdmitAll()
    {
        while (_waiting.First is { } first)
        {
            Admit(first.Value);
        }
    }

    private void Admit()
    {
        while (_waiting.First is { } first && Fits(first.Value.Bytes))
        {
            Admit(first.Value);
        }
    }

    private void Admit(Waiter waiter)
    {
        _promised += waiter.Bytes;
        _waiting.Remove(waiter.Place!);
        waiter.Place = null;
        waiter.SetResult();
    }

    private bool Fits(long bytes) => _promised + _entered is var taken && (taken == 0 || taken + bytes <= Size);

    /// <summary>One who waits for room.</summary>
    internal sealed class Waiter(long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes => bytes;

        /// <summary>Null: it waits no longer.</summary>
        public LinkedListNode<Waiter>? Place { get; set; }

        /// <summary>Waits, outside of the gate.</summary>
        /// <returns>False: the time has passed.</returns>
        /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
        public async ValueTask<bool> WaitAsync(TimeSpan limit, TimeProvider time, CallContext call)
        {
            if (call.Blocking)
            {
                return Task.Wait(limit, call.CancellationToken);
            }

            try
            {
                await Task.WaitAsync(limit, time, call.CancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }
}
