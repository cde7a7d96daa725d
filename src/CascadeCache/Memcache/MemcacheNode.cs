using System.Buffers;
using CascadeCache.Memcache.Connections;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache;

/// <summary>One server: its connections, and the requests of the meta protocol. No failure of it is an exception. Safe for use by any thread.</summary>
/// <remarks>A key always takes the same connection, so that its requests keep their order and its tokens their connection.</remarks>
internal sealed class MemcacheNode : IDisposable
{
    private const int LongestRelativeSeconds = 30 * 24 * 60 * 60;

    private readonly ConnectionSettings _settings;
    private readonly ConnectionSlot[] _slots;

    public MemcacheNode(MemcacheServerAddress address, ConnectionSettings settings)
    {
        Address = address;
        _settings = settings;
        _slots = [.. Enumerable.Range(0, settings.Options.ConnectionsPerServer).Select(_ => new ConnectionSlot(this, settings))];
    }

    public MemcacheServerAddress Address { get; }

    public bool IsConnected => Array.Exists(_slots, static s => s.Open is not null);

    /// <summary>How many requests wait for their replies.</summary>
    public int WaitingRequests => _slots.Sum(static s => s.Open?.Waiting ?? 0);

    /// <summary>The version that the server told when it was last connected to.</summary>
    public Version? ServerVersion => Array.Find(_slots, static s => s.Open is not null)?.Open?.Server?.Version;

    /// <summary>For how long the server's process has been running at least; null while no connection is open.</summary>
    public TimeSpan? MinimumServerAge
    {
        get
        {
            TimeSpan? youngest = null;
            foreach (ConnectionSlot slot in _slots)
            {
                if (slot.Open?.Server is { } server)
                {
                    TimeSpan? age = server.MinimumAge(_settings.Time);
                    youngest = age is null || youngest is null || age < youngest ? age ?? TimeSpan.Zero : youngest;
                }
            }

            return youngest;
        }
    }

    /// <summary>The largest value that the server holds under this key.</summary>
    public long MaxValueBytes(MemcacheKey key)
    {
        long largestItem = SlotOf(key).Open?.Server?.ItemSizeMax ?? MemcacheServerInfo.DefaultItemSizeMax;
        return Math.Max(0, largestItem - MemcacheServerInfo.ItemOverhead - key.Bytes.Length);
    }

    public ValueTask<MemcacheReply> GetAsync(MemcacheKey key, MemcacheGet get, CallContext call) =>
        ExecuteAsync(new MemcacheRequest(RequestKind.Get, key, get, default, null), call);

    /// <summary>Stores a value; one that the server cannot hold is refused here, because the server would delete what stands there.</summary>
    /// <param name="key">The key.</param>
    /// <param name="head">The first bytes; at least one.</param>
    /// <param name="payload">The rest; not looked at any more when the call has ended.</param>
    /// <param name="flags">32 bits beside the value.</param>
    /// <param name="seconds">For how long, at least 1.</param>
    /// <param name="token">Only over the item that it was given for; null: over anything.</param>
    /// <param name="call">How the caller waits.</param>
    public ValueTask<MemcacheReply> SetAsync(
        MemcacheKey key, ReadOnlyMemory<byte> head, ReadOnlySequence<byte> payload, uint flags, int seconds, CasToken? token, CallContext call)
    {
        if (head.IsEmpty)
        {
            throw new ArgumentException("An empty item is a placeholder; a stored value begins with a header.", nameof(head));
        }

        if (head.Length + payload.Length > MaxValueBytes(key))
        {
            return ValueTask.FromResult(new MemcacheReply { Status = MemcacheStatus.Refused });
        }

        var set = new MemcacheSet(head, payload, flags, WireTimeToLive(key, seconds));
        return ExecuteAsync(new MemcacheRequest(RequestKind.Set, key, default, set, token), call);
    }

    public ValueTask<MemcacheReply> DeleteAsync(MemcacheKey key, CasToken? token, CallContext call) =>
        ExecuteAsync(new MemcacheRequest(RequestKind.Delete, key, default, default, token), call);

    public void Dispose()
    {
        foreach (ConnectionSlot slot in _slots)
        {
            slot.Dispose();
        }
    }

    private ValueTask<MemcacheReply> ExecuteAsync(in MemcacheRequest request, CallContext call)
    {
        ConnectionSlot slot = SlotOf(request.Key);
        MemcacheConnection? open = slot.Open;
        if (request.Token is { } token)
        {
            // The process behind a new connection may be a new one, which counts from 1 again: the number could fit another item there.
            return open is not null && open.Epoch == token.Epoch
                ? open.ExecuteAsync(request, call)
                : ValueTask.FromResult(new MemcacheReply { Status = MemcacheStatus.Conflict });
        }

        if (open is not null)
        {
            return open.ExecuteAsync(request, call);
        }

        return call.IsDirect
            ? ValueTask.FromResult(MemcacheReply.Unavailable(MemcacheFault.NotConnected, maybeExecuted: false, error: null))
            : ConnectAndExecuteAsync(slot, request, call);
    }

    private static async ValueTask<MemcacheReply> ConnectAndExecuteAsync(ConnectionSlot slot, MemcacheRequest request, CallContext call)
    {
        (MemcacheConnection? connection, MemcacheException? failure) = await slot.GetAsync(call).ConfigureAwait(false);
        return connection is null
            ? MemcacheReply.Unavailable(MemcacheFault.NotConnected, maybeExecuted: false, failure)
            : await connection.ExecuteAsync(request, call).ConfigureAwait(false);
    }

    private ConnectionSlot SlotOf(MemcacheKey key)
    {
        if (_slots.Length == 1)
        {
            return _slots[0];
        }

        var hash = default(HashCode);
        hash.AddBytes(key.Bytes.Span);
        return _slots[(uint)hash.ToHashCode() % (uint)_slots.Length];
    }

    // Up to 30 days are relative; more is a time on the server's own clock, which must stay below 2^31.
    private long WireTimeToLive(MemcacheKey key, int seconds)
    {
        if (seconds <= LongestRelativeSeconds)
        {
            return seconds;
        }

        TimeSpan offset = SlotOf(key).Open?.Server?.ClockOffset ?? TimeSpan.Zero;
        return Math.Min((_settings.Time.GetUtcNow() + offset).ToUnixTimeSeconds() + seconds, int.MaxValue);
    }
}
