using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>
/// Sessions of one key without a web server, as the session middleware would make them, with the second read that logging at Information brings. On one server or on several that share the store; all are counted, logged and
/// clocked in one place.
/// </summary>
internal sealed class SessionLab
{
    public const string Key = "c8b1a9ee-0d2f-4f6e-9c83-5b6c1e7d2a44";

    private readonly Func<SessionServices> _newServer;
    private readonly Defect _defect;

    public SessionLab(Action<CascadeSessionOptions>? configure = null, Defect defect = Defect.None, bool slidesChangeVersions = false, Func<double>? random = null)
    {
        var options = new CascadeSessionOptions { RetryBaseDelay = TimeSpan.Zero };
        configure?.Invoke(options);
        Stored = new FakeStore(Clock) { SlidesChangeVersions = slidesChangeVersions };
        Cache = new FakeVersionedCache(Stored);
        _defect = defect;
        _newServer = () => new SessionServices(Cache, options, Clock) { Counters = Counters, Random = random ?? (static () => 0.5), Logger = Logs.CreateLogger("CascadeCache.Session") };
        Server = _newServer();
        Store = new CascadeSessionStore(Server, Logs);
    }

    public FakeTimeProvider Clock { get; } = new();

    public KeptLogs Logs { get; } = new(LogLevel.Information);

    public FakeStore Stored { get; }

    public FakeVersionedCache Cache { get; }

    public SessionCounters Counters { get; } = new();

    /// <summary>The server of all requests for which no other is named.</summary>
    public SessionServices Server { get; }

    public CascadeSessionStore Store { get; }

    public static TimeSpan IdleTimeout => TimeSpan.FromMinutes(20);

    /// <summary>One more server.</summary>
    public SessionServices NewServer() => _newServer();

    /// <summary>The session of a request that brought the key.</summary>
    public ISession Open(SessionServices? server = null) => _defect == Defect.None
        ? new CascadeSessionStore(server ?? Server, Logs).Create(Key, IdleTimeout, Timeout.InfiniteTimeSpan, static () => true, isNewSessionKey: false)
        : new TwinSession(server ?? Server, Logs, _defect);

    /// <summary>The session of a request that brought the key, loaded.</summary>
    public async Task<ISession> LoadAsync(SessionServices? server = null)
    {
        ISession session = Open(server);
        await session.LoadAsync(TestContext.Current.CancellationToken);
        return session;
    }

    /// <summary>What is stored.</summary>
    public StoredSession? Peek() => Stored.Peek(Key) is { } bytes ? StoredSession.Read(bytes) : null;

    public RequestSessionCache NewRequestCache(bool isNew = false) => new(Server, IdleTimeout, isNew);
}
