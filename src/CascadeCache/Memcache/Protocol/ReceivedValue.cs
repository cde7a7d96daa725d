using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Protocol;

/// <summary>A value as it was received. Its memory is lent: dispose it when it has been copied.</summary>
internal readonly struct ReceivedValue(ReadOnlyMemory<byte> memory, Loan loan) : IDisposable
{
    public ReadOnlyMemory<byte> Memory { get; } = memory;

    /// <summary>Whoever takes it disposes it in place of the value.</summary>
    public Loan Loan { get; } = loan;

    public void Dispose() => Loan.Dispose();
}
