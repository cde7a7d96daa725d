using CascadeCache.Primitives;

namespace CascadeCache.Memcache;

/// <summary>The outcome of one request; failures are outcomes too. The value's memory is lent: whoever gets a reply disposes its <see cref="Loan"/>.</summary>
internal readonly struct MemcacheReply
{
    public MemcacheStatus Status { get; init; }

    public LeaseState Lease { get; init; }

    public CasToken Token { get; init; }

    public uint ClientFlags { get; init; }

    /// <summary>Seconds left as the server's clock shows them, -1 for ever.</summary>
    public int TimeToLive { get; init; }

    public ReadOnlyMemory<byte> Value { get; init; }

    public Loan Loan { get; init; }

    public MemcacheFault Fault { get; init; }

    /// <summary>Whether a request without a reply may have been, or may yet be, executed.</summary>
    public bool MaybeExecuted { get; init; }

    public Exception? Error { get; init; }

    public static MemcacheReply Unavailable(MemcacheFault fault, bool maybeExecuted, Exception? error) =>
        new() { Status = MemcacheStatus.Unavailable, Fault = fault, MaybeExecuted = maybeExecuted, Error = error };
}
