using CascadeCache.Benchmarks.Load.Experiments;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>The table of the requests of one kind.</summary>
internal sealed class SessionRequests(string path, EndToEndOptions options) : Experiment
{
    public static string NameOf(string path) => "session-" + path;

    public override string Name => NameOf(path);

    public override string Title => path == "read" ? "Requests that read a session" : "Requests that change a session";

    public override string Notes =>
        $"A call is a request, over {options.Callers} connections; bytes, processor time and GC pauses are those of the application's process, and so are pool "
        + $"threads, at the end of a turn. The session is loaded {(options.LoadsAsync ? "by LoadAsync" : "by its first use, blocking")}. Every reply is checked: "
        + "one without its session's number, which the stock session gives when it could not load, or with another status than 200, is lost, and no part of the "
        + "throughput.";

    public override IReadOnlyList<Baseline> Baselines =>
    [
        new("× RedisCache", SessionSetups.NameOf(SessionSetup.Redis)),
        new("× Memory", SessionSetups.NameOf(SessionSetup.Memory)),
        new("× no session", SessionSetups.NameOf(SessionSetup.None)),
    ];

    public override IReadOnlyList<ExtraColumn> Extras => [ExtraColumn.PoolThreads, new("lost", static turn => turn.Lost)];

    public static string LabelOf(int sessions) => sessions == 1 ? "1 session" : $"{sessions} sessions";
}
