using System.Reflection;

namespace CascadeCache.Fuzz.Engine;

/// <summary>The committed inputs: the files under corpus/TARGET, in the order of their names.</summary>
internal static class SeedCorpus
{
    public static IReadOnlyList<byte[]> Of(string target)
    {
        Assembly assembly = typeof(SeedCorpus).Assembly;
        string folder = $"corpus/{target}/";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(assembly, name))];
    }

    private static byte[] Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
