namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>Two instances of one application that share their sessions, and a browser that may come to either.</summary>
internal sealed class Pair(AppSettings settings, SessionApp first, SessionApp second) : IAsyncDisposable
{
    private int _gate;

    public SessionApp First => first;

    public SessionApp Second => second;

    public HttpClient Browser { get; } = SessionApp.NewBrowser();

    public static async Task<Pair> StartAsync(AppSettings settings) => new(settings, await SessionApp.StartAsync(settings), await SessionApp.StartAsync(settings));

    /// <summary>Both load, then the first does its part and commits, then the second.</summary>
    public async Task<(string First, string Second)> RunAsync(string seed, string one, string other)
    {
        await first.RunAsync(Browser, seed.Length > 0 ? seed : "type");
        first.Cache.TakeCalls();
        second.Cache.TakeCalls();
        string gate = $"{_gate++}";
        Task<string> ones = await first.RunToGateAsync(Browser, $"load;gate:one{gate};{one}", "one" + gate);
        Task<string> others = await second.RunToGateAsync(Browser, $"load;gate:other{gate};{other}", "other" + gate);
        settings.Gates.Open("one" + gate);
        string found = await ones;
        settings.Gates.Open("other" + gate);
        return (found, await others);
    }

    /// <summary>So many requests, on both instances in turn or on the first one alone, load the session before any of them changes it; then each sets a name of its own.</summary>
    /// <returns>What is to be stored in the end.</returns>
    public async Task<string> WriteAtOnceAsync(int writers, bool onFirstAlone = false)
    {
        await first.RunAsync(Browser, "set:k=1");
        Task<string>[] requests = await Task.WhenAll(Enumerable.Range(0, writers).Select(i =>
            (onFirstAlone || i % 2 == 0 ? first : second).RunToGateAsync(Browser, $"load;gate:w{i};gate:all;set:w{i:00}=1", $"w{i}")));
        for (int i = 0; i < writers; i++)
        {
            settings.Gates.Open($"w{i}");
        }

        settings.Gates.Open("all");
        await Task.WhenAll(requests);
        return string.Join(',', Enumerable.Range(0, writers).Select(static i => $"w{i:00}=1").Prepend("k=1"));
    }

    public async ValueTask DisposeAsync()
    {
        Browser.Dispose();
        await first.DisposeAsync();
        await second.DisposeAsync();
    }
}
