using System.Reflection;
using System.Runtime.CompilerServices;

namespace CascadeCache.Session.Tests.Readme;

/// <summary>README.md names every option of the request layer with its default.</summary>
public sealed class RequestLayerReadmeTests
{
    [Fact]
    public void The_table_of_options_is_whole()
    {
        var options = new RequestLayerOptions();
        Assert.Empty(options.KeyPrefixes);
        Assert.Null(options.Includes);

        IEnumerable<string> rows = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../README.md"))
            .SkipWhile(static line => !line.StartsWith("| request layer option |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(static line => line.StartsWith('|'))
            .Select(static line => string.Join(' ', line.Split('|', StringSplitOptions.TrimEntries)[1..3]));
        Assert.Equal(["`KeyPrefixes` `[]`", "`Includes` `null`"], rows);
        Assert.Equal(["KeyPrefixes", "Includes"], typeof(RequestLayerOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(static property => property.Name));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
