namespace CascadeCache.Values;

/// <summary>How the bytes that a tier holds are made from a value. The numbers are stored: they are never reused, and there is room for 16 of them.</summary>
internal enum ValueEncoding : byte
{
    /// <summary>They are the value.</summary>
    None = 0,

    /// <summary>See <see cref="BrotliForm"/>.</summary>
    Brotli = 1,
}
