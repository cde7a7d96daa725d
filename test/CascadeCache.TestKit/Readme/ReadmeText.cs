using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace CascadeCache.TestKit.Readme;

/// <summary>README.md, taken apart into what a test can compare: code blocks and rows of tables.</summary>
internal static partial class ReadmeText
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    public static string[] Lines() => File.ReadAllLines(Path.Combine(Root, "README.md"));

    /// <summary>The blocks of a language, each as its lines without indentation and without empty ones.</summary>
    public static List<string[]> Blocks(string language)
    {
        var blocks = new List<string[]>();
        List<string>? current = null;
        foreach (string line in Lines())
        {
            if (current is null)
            {
                current = line == "```" + language ? [] : null;
            }
            else if (line == "```")
            {
                blocks.Add(Significant(current));
                current = null;
            }
            else
            {
                current.Add(line);
            }
        }

        return blocks;
    }

    public static string[] Significant(IEnumerable<string> lines) =>
        [.. lines.Select(static line => line.Trim()).Where(static line => line.Length > 0)];

    /// <summary>The rows of the tables whose header begins with <paramref name="header"/>: each row's cells.</summary>
    public static List<string[]> Table(string header)
    {
        string[] lines = Lines();
        int start = Array.FindIndex(lines, line => line.StartsWith("| " + header + " |", StringComparison.Ordinal));
        Assert.True(start >= 0, $"README.md has no table whose first column is called '{header}'.");
        return [.. lines.Skip(start + 2).TakeWhile(static line => line.StartsWith('|')).Select(static line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))];
    }

    /// <summary>What stands between backquotes in a cell.</summary>
    public static string[] Codes(string cell) => [.. Code().Matches(cell).Select(static match => match.Groups[1].Value)];

    /// <summary>The relative links.</summary>
    public static string[] Links() =>
        [.. Link().Matches(File.ReadAllText(Path.Combine(Root, "README.md"))).Select(static match => match.Groups[1].Value)
            .Where(static target => !target.Contains("://", StringComparison.Ordinal))];

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("`([^`]*)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();
}
