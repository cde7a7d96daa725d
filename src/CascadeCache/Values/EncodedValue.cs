using System.Buffers;

namespace CascadeCache.Values;

/// <summary>A value in its stored form, as it goes to both tiers. May own pooled memory: dispose it exactly once, when nobody uses <see cref="Bytes"/> any more.</summary>
/// <param name="bytes">What is stored: the writer's own memory, or the owner's.</param>
/// <param name="encoding">How it was made.</param>
/// <param name="owner">Who has the memory; null: the writer.</param>
internal readonly struct EncodedValue(ReadOnlySequence<byte> bytes, ValueEncoding encoding, IDisposable? owner) : IDisposable
{
    public ReadOnlySequence<byte> Bytes { get; } = bytes;

    public ValueEncoding Encoding { get; } = encoding;

    public void Dispose() => owner?.Dispose();
}
