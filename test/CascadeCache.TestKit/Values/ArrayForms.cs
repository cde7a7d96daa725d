using System.Buffers;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.Values;

namespace CascadeCache;

/// <summary>Values as arrays for the tests that are not about how a value is cut; those that are use the members themselves.</summary>
internal static class ArrayForms
{
    extension(in ReadOnlySequence<byte> bytes)
    {
        /// <summary>All of it; joined if it is in pieces.</summary>
        public ReadOnlySpan<byte> Span => bytes.IsSingleSegment ? bytes.FirstSpan : BuffersExtensions.ToArray(bytes);
    }

    public static byte[] ToArray(this in ReadOnlySequence<byte> bytes) => BuffersExtensions.ToArray(bytes);

    public static ReadOnlySequence<byte> ToSequence(this byte[] bytes) => new(bytes);

    public static EncodedValue Encode(this ValueCodec codec, ReadOnlyMemory<byte> value) => codec.Encode(new ReadOnlySequence<byte>(value));

    public static bool TryDecode(this ValueCodec codec, ReadOnlyMemory<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner) =>
        codec.TryDecode(new ReadOnlySequence<byte>(stored), encoding, out value, out owner);

    public static bool TryDecode(this ValueCodec codec, in ReadOnlySequence<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner)
    {
        bool isValue = codec.TryDecode(stored, encoding, out ReadOnlySequence<byte> decoded, out owner);
        value = decoded.IsSingleSegment ? decoded.First : BuffersExtensions.ToArray(decoded);
        return isValue;
    }

    public static ValueTask SetAsync(this ICacheFlow flow, CacheKey key, byte[] payload, EntryLifetime lifetime, CallContext call) =>
        flow.SetAsync(key, new ReadOnlySequence<byte>(payload), lifetime, call);

    public static ValueTask<CacheVersion?> TrySetAsync(this ICacheFlow flow, CacheKey key, byte[] payload, EntryLifetime lifetime, CacheVersion expected, CallContext call) =>
        flow.TrySetAsync(key, new ReadOnlySequence<byte>(payload), lifetime, expected, call);
}
