using System.Buffers;

namespace CascadeCache.Primitives;

/// <summary>Memory of a pool for one value or item; given back by <see cref="Dispose"/>, once. Until it is filled only its maker has it.</summary>
internal sealed class PooledBytes(ArrayPool<byte> pool, int size) : IDisposable
{
    private byte[]? _array = pool.Rent(size);
    private int _size = size;

    public Memory<byte> Memory => (_array ?? throw new ObjectDisposedException(nameof(PooledBytes))).AsMemory(0, _size);

    /// <summary>Moves what is there into more memory. Only for its maker, before anybody else has it.</summary>
    public void Grow(int size)
    {
        byte[] larger = pool.Rent(size);
        Memory.CopyTo(larger);
        pool.Return(_array!);
        (_array, _size) = (larger, size);
    }

    /// <summary>Leaves off what was not needed. Only for its maker, before anybody else has it.</summary>
    public void Shorten(int size) => _size = Math.Min(_size, size);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            pool.Return(array);
        }
    }
}
