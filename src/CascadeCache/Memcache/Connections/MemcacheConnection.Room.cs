using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Connections;

/// <summary>A large value waits here until there is room for it in the buffer, its bytes still its caller's.</summary>
internal sealed partial class MemcacheConnection
{
    private readonly SendRoom _room = new();
    private readonly SendRoom _roomOfBlocking = new();

    /// <summary>Null: it needs none.</summary>
    private SendRoom? RoomFor(in MemcacheRequest request, bool blocking) =>
        request.Set.Size < SendRoom.LeastLarge ? null : blocking ? _roomOfBlocking : _room;

    /// <summary>Null: there is room, or the connection is closed, which the next step finds out.</summary>
    private SendRoom.Waiter? Ask(SendRoom room, long bytes)
    {
        lock (_gate)
        {
            return _failure is null ? room.Ask(bytes) : null;
        }
    }

    private async ValueTask<MemcacheReply> WaitAndExecuteAsync(SendRoom room, SendRoom.Waiter waiter, MemcacheRequest request, CallContext call)
    {
        bool hasRoom = false;
        try
        {
            hasRoom = await waiter.WaitAsync(_settings.Options.OperationTimeout, _settings.Time, call).ConfigureAwait(false);
        }
        finally
        {
            if (!hasRoom)
            {
                lock (_gate)
                {
                    room.Leave(waiter);
                }
            }
        }

        return hasRoom ? await ExecuteAtOnceAsync(request, call).ConfigureAwait(false) : Refusal();
    }
}
