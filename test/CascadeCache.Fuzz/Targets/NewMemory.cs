using System.Buffers;

namespace CascadeCache.Fuzz.Targets;

/// <summary>A pool that keeps nothing: whatever a target rents counts as allocated.</summary>
internal sealed class NewMemory : ArrayPool<byte>
{
    public override byte[] Rent(int minimumLength) => new byte[minimumLength];

    public override void Return(byte[] array, bool clearArray = false)
    {
    }
}
