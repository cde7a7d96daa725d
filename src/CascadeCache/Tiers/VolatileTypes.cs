using System.Buffers;
using CascadeCache.Primitives;

namespace CascadeCache.Tiers;

/// <summary>The right to change an item as long as nobody else has: two numbers that only the server that gave them can read.</summary>
internal readonly record struct VolatileToken(ulong Cas, long Epoch);

internal enum VolatileStatus
{
    /// <summary>There is an item.</summary>
    Hit,

    /// <summary>There is none, and no lease was asked for or could be given (a server without memory).</summary>
    Miss,

    /// <summary>There was none: the caller may fill it with the token.</summary>
    LeaseWon,

    /// <summary>There is none yet: somebody else may fill it. The token is that of the placeholder.</summary>
    LeaseHeld,

    /// <summary>The server did not answer. Nothing is known about the item.</summary>
    Unavailable,
}

/// <summary>The outcome of a read. The item's memory is lent: dispose the read when <see cref="Item"/> is no longer used.</summary>
internal readonly struct VolatileRead(VolatileStatus status, VolatileToken token, uint flags, int secondsToLive, ReadOnlyMemory<byte> item, Loan loan, Exception? error)
    : IDisposable
{
    public VolatileStatus Status { get; } = status;

    public VolatileToken Token { get; } = token;

    /// <summary>See <see cref="Entries.EntryFlags"/>.</summary>
    public uint Flags { get; } = flags;

    /// <summary>Seconds until the server drops the item, as its clock shows them; -1 for never.</summary>
    public int SecondsToLive { get; } = secondsToLive;

    public ReadOnlyMemory<byte> Item { get; init; } = item;

    /// <summary>How many bytes the server holds; <see cref="Item"/> is empty if it is known that nobody can understand them, or if they were not asked for.</summary>
    public int Size { get; init; } = item.Length;

    /// <summary>Why the server is unavailable.</summary>
    public Exception? Error { get; } = error;

    public bool IsPlaceholder => Status is VolatileStatus.LeaseWon or VolatileStatus.LeaseHeld;

    public static VolatileRead Unavailable(Exception? error) => new(VolatileStatus.Unavailable, default, 0, 0, default, default, error);

    /// <summary>Whoever takes it disposes it in place of the read.</summary>
    public Loan Loan { get; init; } = loan;

    public void Dispose() => Loan.Dispose();
}

internal enum VolatileWriteStatus
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>Not done: the item is not the one that the token was given for, or the token's connection is gone.</summary>
    Conflict,

    /// <summary>Not done: there is no item.</summary>
    NotFound,

    /// <summary>Not done, and the server may have dropped the item: it is too large, or the server has no memory.</summary>
    Refused,

    /// <summary>No answer: it may have been done, or may be done later unless the token has become worthless.</summary>
    Unavailable,
}

/// <summary>The outcome of a write.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="Token">The new item's token, when done.</param>
/// <param name="Error">Why the server is unavailable.</param>
internal readonly record struct VolatileWrite(VolatileWriteStatus Status, VolatileToken Token = default, Exception? Error = null)
{
    public bool IsDone => Status == VolatileWriteStatus.Done;

    /// <summary>Surely not there any more: deleted, or gone before.</summary>
    public bool IsGone => Status is VolatileWriteStatus.Done or VolatileWriteStatus.NotFound;
}

/// <summary>
/// What is to be stored: a header that the flow wrote and a payload that lies wherever the caller keeps it. The header's memory may be of the shared pool: whoever made the item disposes it, once, when
/// the tier has answered.
/// </summary>
/// <param name="Header">At least one byte, so that an empty item is always a placeholder.</param>
/// <param name="Payload">May be empty.</param>
/// <param name="Flags">See <see cref="Entries.EntryFlags"/>.</param>
/// <param name="Seconds">For how long, at least 1; the tier translates long times into what its servers understand.</param>
internal readonly record struct VolatileItem(ReadOnlyMemory<byte> Header, ReadOnlySequence<byte> Payload, uint Flags, int Seconds) : IDisposable
{
    /// <summary>The memory that goes back to the shared pool; null: none does.</summary>
    public byte[]? Rented { get; init; }

    public long Size => Header.Length + Payload.Length;

    public void Dispose()
    {
        if (Rented is not null)
        {
            ArrayPool<byte>.Shared.Return(Rented);
        }
    }
}
