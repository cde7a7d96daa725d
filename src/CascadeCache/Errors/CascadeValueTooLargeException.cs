using System.Globalization;

namespace CascadeCache;

/// <summary>A value is larger than the durable tier can hold, or than <see cref="CascadeCacheOptions.MaxValueBytes"/> allows. Nothing was stored.</summary>
/// <remarks>With <see cref="CascadeCacheOptions.CompressionThresholdBytes"/> the sizes are those of what would have been stored: compressed, if the value shrinks.</remarks>
public sealed class CascadeValueTooLargeException : CascadeCacheException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="size">The value's size in bytes.</param>
    /// <param name="limit">The largest size that would have been accepted, in bytes.</param>
    public CascadeValueTooLargeException(long size, long limit)
        : base(string.Create(CultureInfo.InvariantCulture, $"The value of {size} bytes is larger than the {limit} bytes that can be stored. Nothing was stored. Store less under one key."))
    {
        Size = size;
        Limit = limit;
    }

    /// <summary>The refused value's size in bytes.</summary>
    public long Size { get; }

    /// <summary>The largest size that would have been accepted, in bytes.</summary>
    public long Limit { get; }
}
