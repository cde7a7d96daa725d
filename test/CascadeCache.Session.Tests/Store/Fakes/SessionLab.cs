using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>Sessions of one key without a web server, as the session middleware would make them, with the second read that logging at Information brings.</summary>
internal sealed class SessionLab
{
    public const string Key = "c8b1a9ee-0d2f-4f6e-9c83-5b6c1e7d2a44";

    private readonly SessionServices _services;
    private readonly Defect _defect;

    public SessionLab(Action<CascadeSessionOptions>? configure = null, Defect defect = Defect.None, bool slidesChangeVersions = false, Func<double>? random = null)
    {
        var options = new CascadeSessionOptions { RetryBaseDelay = TimeSpan.Zero };
        configure?.Invoke(options);
        Stored = new FakeStore(Clock) { SlidesChangeVersions = slidesChangeVersions };
        Cache = new FakeVersionedCache(Stored);
        _defect = defect;
        _services = new SessionServices(Cache, options) { Time = Clock, Random = random ?? (static () => 0.5), Logger = Logs.CreateLogger("CascadeCache.Session") };
        Store = new CascadeSessionStore(_services, Logs);
    }

    public FakeTimeProvider Clock { get; } = new();

    public KeptLogs Logs { get; } = new(LogLevel.Information);

    public FakeStore Stored { get; }

    public FakeVersionedCache Cache { get; }

    public CascadeSessionStore Store { get; }

    public Diagnostics.SessionCounters Counters => _services.Counters;

    public static TimeSpan IdleTimeout => TimeSpan.FromMinutes(20);

    /// <summary>The session of a request that brought the key.</summary>
    public ISession Open() => _defect == Defect.None
        ? Store.Create(Key, IdleTimeout, Timeout.InfiniteTimeSpan, static () => true, isNewSessionKey: false)
        : new TwinSession(_services, Logs, _defect);

    /// <summary>The session of a request that brought the key, loaded.</summary>
    public async Task<ISession> LoadAsync()
    {
        ISession session = Open();
        await session.LoadAsync(TestContext.Current.CancellationToken);
        return session;
    }

    /// <summary>What is stored.</summary>
    public StoredSession? Peek() => Stored.Peek(Key) is { } bytes ? StoredSession.Read(bytes) : null;

    public RequestSessionCache NewRequestCache(bool isNew = false) => new(_services, IdleTimeout, isNew);
}
