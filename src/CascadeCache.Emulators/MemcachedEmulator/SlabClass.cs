namespace CascadeCache.Emulators.Memcached;

/// <summary>The size class a real server with default settings would keep an item in; only <c>me</c> tells it.</summary>
internal static class SlabClass
{
    private const int Smallest = 96;
    private const int Largest = 512 * 1024;
    private const double Factor = 1.25;

    private static readonly int[] s_sizes = [.. Sizes()];

    /// <summary>1 for the smallest; what exceeds the largest chunk is kept in several and counts to the last class.</summary>
    public static int Of(long bytes)
    {
        var index = Array.FindIndex(s_sizes, size => bytes <= size);
        return index < 0 ? s_sizes.Length : index + 1;
    }

    private static IEnumerable<int> Sizes()
    {
        for (var size = Smallest; size < Largest / Factor; size = ((int)(size * Factor) + 7) / 8 * 8)
        {
            yield return size;
        }

        yield return Largest;
    }
}
