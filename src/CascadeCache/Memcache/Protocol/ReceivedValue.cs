using System.Buffers;
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

/// <summary>Memory of a pool for one value that is too large to stay in the receive buffer; given back by <see cref="Dispose"/>, once.</summary>
internal sealed class PooledValue(ArrayPool<byte> pool, int size) : IDisposable
{
    private byte[]? _array = pool.Rent(size);

    public int Size { get; private set; } = size;

    public Memory<byte> Memory => (_array ?? throw new ObjectDisposedException(nameof(PooledValue))).AsMemory(0, Size);

    /// <summary>Moves what is there into more memory. Only for the one who made it, before anybody else has it.</summary>
    public void Grow(int size)
    {
        byte[] larger = pool.Rent(size);
        Memory.CopyTo(larger);
        pool.Return(_array!);
        (_array, Size) = (larger, size);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            pool.Return(array);
        }
    }
}
