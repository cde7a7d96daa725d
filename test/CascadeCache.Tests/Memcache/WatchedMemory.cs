using System.Buffers;

namespace CascadeCache.Tests.Memcache;

/// <summary>Zeros, and the moment at which somebody looks at them.</summary>
/// <param name="length">How many.</param>
/// <param name="reading">What happens then; if it throws they cannot be read.</param>
internal sealed class WatchedMemory(int length, Action reading) : MemoryManager<byte>
{
    private readonly byte[] _bytes = new byte[length];

    public override Memory<byte> Memory => CreateMemory(_bytes.Length);

    public static WatchedMemory Unreadable(int length) => new(length, static () => throw new ObjectDisposedException(nameof(WatchedMemory)));

    public override Span<byte> GetSpan()
    {
        reading();
        return _bytes;
    }

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin()
    {
        // Never pinned.
    }

    protected override void Dispose(bool disposing)
    {
        // Nothing is held.
    }
}
