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

    public async ValueTask DisposeAsync()
    {
        Browser.Dispose();
        await first.DisposeAsync();
        await second.DisposeAsync();
    }
}
