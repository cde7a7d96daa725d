using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace CascadeCache.Tests;

/// <summary>Files stay small, and imports point down the layers only.</summary>
public sealed partial class StructureTests
{
    private const int MaxLines = 300;

    private const string Core = "CascadeCache";
    private const string Session = "CascadeCache.Session";

    // Of each package, top to bottom. A folder may import those below its own row. Beneath them are what all may use.
    private static readonly Dictionary<string, string[][]> Packages = new()
    {
        [Core] =
        [
            ["", "DependencyInjection"],
            ["Flow", "Protection"],
            ["Tiers"],
            ["Memcache", "Datastore"],
            ["Entries", "Resilience"],
            ["Values"],
            ["Primitives", "Options", "Errors", "Diagnostics"],
        ],
        [Session] =
        [
            ["DependencyInjection"],
            ["Preload", "CommitBeforeResponse", "RequestLayer"],
            ["Store"],
            ["Merging"],
            ["", "Options", "Diagnostics"],
        ],
    };

    private static readonly string[] MemcacheLayers = ["", "Routing", "Connections", "Protocol"];

    // Each with its reason. One that no file needs any more fails the test.
    private static readonly Dictionary<(string File, string Import), string> Upwards = new()
    {
        [("Options/CascadeCacheOptionsValidator.cs", "CascadeCache.Datastore")] = "an endpoint is checked by the parser that reads it later",
        [("Options/CascadeCacheOptionsValidator.cs", "CascadeCache.Memcache")] = "a server's address is checked by the parser that reads it later",
    };

    [Theory]
    [InlineData(Core)]
    [InlineData(Session)]
    public void Every_file_is_small_enough_to_read(string package)
    {
        Dictionary<string, string> files = Sources(package);

        Assert.True(files.Count > 20, "the sources were not found");
        Assert.All(files, static file => Assert.True(LinesOf(file.Value) <= MaxLines, $"{file.Key} has {LinesOf(file.Value)} lines"));
    }

    [Fact]
    public void Imports_point_down_only()
    {
        Assert.Equal(Upwards.Keys.Order(), Found(Core).Order());
        Assert.Empty(Found(Session));

        static IEnumerable<(string File, string Import)> Found(string package) =>
            Sources(package).SelectMany(file => ImportsUpwards(file.Key, file.Value, package).Select(import => (file.Key, import))).Distinct();
    }

    [Theory]
    [InlineData(Core)]
    [InlineData(Session)]
    public void Every_folder_has_its_layer(string package)
    {
        string[] folders = [.. Sources(package).Keys.Select(TopFolderOf).Distinct().Order()];

        Assert.Equal(Packages[package].SelectMany(static row => row).Order(), folders);
    }

    [Theory]
    [InlineData("Tiers/A.cs", "using CascadeCache.Flow;", "CascadeCache.Flow")]
    [InlineData("Entries/A.cs", "using System;\nusing CascadeCache.Datastore;", "CascadeCache.Datastore")]
    [InlineData("Memcache/A.cs", "using CascadeCache.Datastore;", "CascadeCache.Datastore")]
    [InlineData("Primitives/A.cs", "using CascadeCache.Entries;", "CascadeCache.Entries")]
    [InlineData("Flow/A.cs", "global using CascadeCache.Unknown;", "CascadeCache.Unknown")]
    [InlineData("Resilience/A.cs", "using static CascadeCache.Tiers.MemcacheTier;", "CascadeCache.Tiers.MemcacheTier")]
    [InlineData("Resilience/A.cs", "using T = CascadeCache.Tiers.MemcacheTier;", "CascadeCache.Tiers.MemcacheTier")]
    [InlineData("Memcache/Protocol/A.cs", "using CascadeCache.Memcache.Connections;", "CascadeCache.Memcache.Connections")]
    [InlineData("Memcache/Connections/A.cs", "using CascadeCache.Memcache.Routing;", "CascadeCache.Memcache.Routing")]
    public void An_import_upwards_is_found(string file, string text, string import) => Assert.Equal([import], ImportsUpwards(file, text + "\n"));

    [Theory]
    [InlineData("Store/A.cs", "using CascadeCache.Session.CommitBeforeResponse;", "CascadeCache.Session.CommitBeforeResponse")]
    [InlineData("Store/A.cs", "using CascadeCache.Flow;", "CascadeCache.Flow")] // another package's inside
    public void An_import_upwards_is_found_in_the_session_package(string file, string text, string import) =>
        Assert.Equal([import], ImportsUpwards(file, text + "\n", Session));

    [Theory]
    [InlineData("A.cs", "using CascadeCache.Flow;")]
    [InlineData("Flow/A.cs", "using CascadeCache.Tiers;\nusing CascadeCache.Diagnostics;")]
    [InlineData("Tiers/A.cs", "using CascadeCache.Memcache.Connections;")]
    [InlineData("Datastore/A.cs", "using CascadeCache.Datastore.Protocol;\nusing CascadeCache.Entries;")]
    [InlineData("Memcache/A.cs", "using CascadeCache.Memcache.Routing;")]
    [InlineData("Memcache/Connections/A.cs", "using CascadeCache.Memcache.Protocol;")]
    [InlineData("Tiers/A.cs", "// using CascadeCache.Flow;")]
    public void An_import_downwards_is_none_of_them(string file, string text) => Assert.Empty(ImportsUpwards(file, text + "\n"));

    private static IEnumerable<string> ImportsUpwards(string file, string text, string package = Core)
    {
        string[][] layers = Packages[package];
        foreach (string import in Import().Matches(text).Select(static match => match.Groups["name"].Value))
        {
            bool isOurs = import == package || import.StartsWith(package + '.', StringComparison.Ordinal);
            string[] parts = isOurs ? import[package.Length..].Split('.', StringSplitOptions.RemoveEmptyEntries) : import.Split('.')[1..];
            string to = parts.Length == 0 ? "" : parts[0];
            string from = TopFolderOf(file);
            bool isDown = from == "Memcache" && to == from
                ? MemcacheLayerOf(file.Split('/')[1..^1]) <= MemcacheLayerOf(parts[1..])
                : isOurs && (from == to || (LayerOf(layers, from) < LayerOf(layers, to) && LayerOf(layers, to) >= 0));

            // The root's namespace is also that of the options and the errors, which all may use.
            if (!isDown && parts.Length > 0)
            {
                yield return import;
            }
        }
    }

    private static int LayerOf(string[][] layers, string folder) => Array.FindIndex(layers, row => row.Contains(folder));

    private static int MemcacheLayerOf(string[] folders) => Array.IndexOf(MemcacheLayers, folders.FirstOrDefault() ?? "");

    private static string TopFolderOf(string file) => file.Contains('/', StringComparison.Ordinal) ? file.Split('/')[0] : "";

    private static int LinesOf(string text) => text.AsSpan().TrimEnd('\n').Count('\n') + 1;

    private static Dictionary<string, string> Sources(string package, [CallerFilePath] string here = "")
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../src", package));
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))
            .Where(static path => TopFolderOf(path) is not ("obj" or "bin"))
            .ToDictionary(static path => path, path => File.ReadAllText(Path.Combine(root, path)));
    }

    [GeneratedRegex(@"^\s*(global\s+)?using\s+(static\s+)?(\w+\s*=\s*)?(global::)?(?<name>CascadeCache(\.\w+)*)\s*;", RegexOptions.Multiline)]
    private static partial Regex Import();
}
