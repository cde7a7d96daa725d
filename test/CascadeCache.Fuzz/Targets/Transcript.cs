using System.Text;
using System.Text.RegularExpressions;
using CascadeCache.Fuzz.Engine;

namespace CascadeCache.Fuzz.Targets;

/// <summary>What came of one run in full, and its kind: without the numbers and texts, of which there are too many.</summary>
internal sealed partial class Transcript
{
    private readonly StringBuilder _full = new();
    private readonly StringBuilder _kind = new();

    public string Full => _full.ToString();

    public string Kind => _kind.ToString();

    public void Add(string kind, string detail)
    {
        _kind.Append(kind).Append(' ');
        _full.Append(kind).Append(' ').AppendLine(detail);
    }

    /// <summary>An exception that is documented is an outcome. What its message quotes, and numbers, are not part of the kind.</summary>
    public void Add(Exception e) => Add($"{e.GetType().Name} {Quoted().Replace(e.Message, "")}", e.Message);

    /// <summary>Runs once for each way to cut what the server sends; the way must not make a difference.</summary>
    public static string SameForEveryCut(ReadOnlyMemory<byte> bytes, Func<Stream, Transcript> run)
    {
        Transcript? whole = null;
        foreach (Func<int, bool> cut in CutStream.Ways(bytes))
        {
            using var stream = new CutStream(bytes, cut);
            Transcript transcript = run(stream);
            whole ??= transcript;
            PropertyException.Require(transcript.Full == whole.Full, $"cut differently, the same bytes mean something else:\n{whole.Full}\n{transcript.Full}");
        }

        return whole!.Kind;
    }

    [GeneratedRegex("'.*'|[0-9]+", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
