using System.Globalization;
using System.Text;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>
/// The load generator, in a process of its own. Its input tells it what to do, a command a line, each answered by a line: <c>prepare ADDRESS SESSIONS</c> makes sessions,
/// <c>start ADDRESS PATH SESSIONS CALLERS</c>, <c>measure</c>, <c>end</c>.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    public const string Command = "load-generator";
    public const string Greeting = "ready";
    public const string FailedPrefix = "failed ";

    private readonly Dictionary<Uri, string?[]> _cookies = [];
    private HttpLoad? _load;

    /// <summary>Works until its input ends.</summary>
    public static async Task RunAsync()
    {
        using var generator = new LoadGenerator();
        Console.WriteLine(Greeting);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            try
            {
                Console.WriteLine(await generator.DoAsync(line.Split(' ')));
            }
#pragma warning disable CA1031 // Whatever it is goes to the process that asked, which says it in its report.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Exception first = (e as AggregateException)?.Flatten().InnerExceptions[0] ?? e;
                Console.WriteLine(FailedPrefix + first.GetType().Name + ": " + first.Message.ReplaceLineEndings(" "));
            }
        }
    }

    public void Dispose() => _load?.Dispose();

    private async Task<string> DoAsync(string[] words)
    {
        switch (words)
        {
            case ["prepare", var address, var sessions]:
                await PrepareAsync(new Uri(address), Number(sessions));
                return "prepared";
            case ["start", var address, var path, var sessions, var callers]:
                var uri = new Uri(address);
                _load?.Dispose();
                _load = new HttpLoad(uri, [.. _cookies[uri].Take(Number(sessions)).Select(cookie => HttpConnection.Request(uri, path, cookie))], Number(callers));
                return "started";
            case ["measure"]:
                _load!.Measure();
                return "measuring";
            case ["end"]:
                return _load!.End().ToText();
            default:
                throw new InvalidOperationException("There is no such command.");
        }
    }

    // Each begins with one increment, so that a read has something to find.
    private async Task PrepareAsync(Uri address, int sessions)
    {
        using var connection = new HttpConnection(address);
        var cookies = new string?[sessions];
        for (int i = 0; i < sessions; i++)
        {
            await connection.AskAsync(HttpConnection.Request(address, "/increment", cookie: null));
            if (!connection.IsSuccess)
            {
                throw new InvalidOperationException("The application could not make a session.");
            }

            cookies[i] = CookieIn(Encoding.ASCII.GetString(connection.Head));
        }

        _cookies[address] = cookies;
    }

    private static string? CookieIn(string head) =>
        head.Split("\r\n").FirstOrDefault(static line => line.StartsWith("Set-Cookie: ", StringComparison.Ordinal))?["Set-Cookie: ".Length..].Split(';')[0];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
