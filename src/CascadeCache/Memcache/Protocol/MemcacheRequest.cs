using System.Buffers;

namespace CascadeCache.Memcache.Protocol;

internal enum RequestKind
{
    Get,
    Set,
    Delete,
}

/// <summary>One request, before it has bytes.</summary>
/// <param name="Kind">Which of the members below counts.</param>
/// <param name="Key">The key.</param>
/// <param name="Get">For a read.</param>
/// <param name="Set">For a write.</param>
/// <param name="Token">For a write or deletion: only if the item still has this token; null: unconditionally.</param>
internal readonly record struct MemcacheRequest(RequestKind Kind, MemcacheKey Key, MemcacheGet Get, MemcacheSet Set, CasToken? Token);

/// <summary>What a write stores. The memory is copied into the connection's buffer, at the latest when the call that sends it has ended; however it ends, it is not looked at afterwards.</summary>
/// <param name="Head">The first bytes of the value; at least one, so that an empty item is always a placeholder.</param>
/// <param name="Payload">The rest of it.</param>
/// <param name="ClientFlags">32 bits beside the value.</param>
/// <param name="WireTimeToLive">Seconds, or a unix time when more than 30 days.</param>
internal readonly record struct MemcacheSet(ReadOnlyMemory<byte> Head, ReadOnlySequence<byte> Payload, uint ClientFlags, long WireTimeToLive)
{
    public long Size => Head.Length + Payload.Length;
}
