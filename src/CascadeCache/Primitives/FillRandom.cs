namespace CascadeCache.Primitives;

/// <summary>Fills memory with bytes that nobody can guess.</summary>
internal delegate void FillRandom(Span<byte> destination);
