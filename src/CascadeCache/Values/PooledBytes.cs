using System.Buffers;

namespace CascadeCache.Values;

/// <summary>Memory of a pool for one encoded or decoded value; given back by <see cref="Dispose"/>, once. Until it is filled only its maker has it.</summary>
internal sealed class PooledBytes(ArrayPool<byte> pool, int size) : IDisposable
{
    private byte[]? _array = pool.Rent(size);
    private int _size = size;

    public Memory<byte> Memory => (_array ?? throw new ObjectDisposedException(nameof(PooledBytes))).AsMemory(0, _size);

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
