using System.Diagnostics.Metrics;
using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CascadeCache.Session.Tests.Store;

/// <summary>The registration: in any order, any number of times, and with every fault told at the start.</summary>
public sealed class RegistrationTests
{
    public static TheoryData<string> Orders => ["before", "after", "twice", "around"];

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task The_order_does_not_matter(string order)
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings
        {
            Register = (services, configure) => _ = order switch
            {
                "before" => services.AddCascadeSession(configure).AddSession(),
                "after" => services.AddSession().AddCascadeSession(configure),
                "twice" => services.AddSession().AddCascadeSession(configure).AddCascadeSession(),
                _ => services.AddCascadeSession().AddSession().AddCascadeSession(configure),
            },
        });
        using HttpClient browser = SessionApp.NewBrowser();

        Assert.Equal("ours", await app.RunAsync(browser, "set:a=1;type"));
        Assert.Equal("TrySetAsync", app.Cache.TakeCalls());
        Assert.Equal(1, app.Counters.Get(SessionCounter.FirstAttempts));
    }

    [Fact]
    public async Task Both_registrations_set_the_options_and_one_commit_is_made_before_the_response()
    {
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings
        {
            Register = static (services, configure) => services.AddSession()
                .AddCascadeSession(static options => options.CommitBeforeResponse = true)
                .AddCascadeSession(static options => options.Writes = CascadeSessionWrites.LastWriteWins),
        });
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:a=1;start;set:b=1");

        Assert.Equal("SetAsync SetAsync", app.Cache.TakeCalls());
    }

    [Fact]
    public async Task Every_fault_of_the_options_is_told_at_the_start()
    {
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => SessionApp.StartAsync(new AppSettings
        {
            Register = static (services, _) => services.AddSession().AddCascadeSession(static options =>
            {
                options.Writes = (CascadeSessionWrites)9;
                options.RefreshThreshold = TimeSpan.FromSeconds(-1);
                options.MaxWriteAttempts = 0;
                options.RetryBaseDelay = TimeSpan.FromMinutes(2);
                options.RetryMaxDelay = TimeSpan.FromSeconds(3);
            }),
        }));

        Assert.Equal(
            [
                "CascadeSessionOptions.Writes is '9': expected LastWriteWins, Detect or Merge.",
                "CascadeSessionOptions.RefreshThreshold is '-00:00:01': expected 0 (always refresh) or more.",
                "CascadeSessionOptions.MaxWriteAttempts is '0': expected at least 1.",
                "CascadeSessionOptions.RetryBaseDelay is '00:02:00': expected from 0 to 1 minute.",
                "CascadeSessionOptions.RetryMaxDelay is '00:00:03': expected from RetryBaseDelay to 1 minute.",
            ],
            exception.Failures);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(60, 60, 1)]
    public void The_limits_themselves_are_right(int baseSeconds, int maxSeconds, int attempts)
    {
        var options = new CascadeSessionOptions
        {
            RefreshThreshold = TimeSpan.Zero,
            MaxWriteAttempts = attempts,
            RetryBaseDelay = TimeSpan.FromSeconds(baseSeconds),
            RetryMaxDelay = TimeSpan.FromSeconds(maxSeconds),
        };

        Assert.True(new CascadeSessionOptionsValidator().Validate(null, options).Succeeded);
        Assert.True(new CascadeSessionOptionsValidator().Validate(null, new CascadeSessionOptions()).Succeeded);
    }

    [Theory]
    [InlineData(CascadeSessionWrites.Merge)]
    [InlineData(CascadeSessionWrites.Detect)]
    public async Task A_cache_without_versions_fails_the_start_and_the_message_says_what_to_register(CascadeSessionWrites writes)
    {
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => SessionApp.StartAsync(WithMemoryCache(writes)));

        Assert.Contains($"Writes is {writes}", exception.Message, StringComparison.Ordinal);
        Assert.Contains(typeof(MemoryDistributedCache).FullName!, exception.Message, StringComparison.Ordinal);
        Assert.Contains("AddCascadeDistributedCache()", exception.Message, StringComparison.Ordinal);
        Assert.Contains("LastWriteWins", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_cache_will_do_where_the_last_write_wins()
    {
        await using SessionApp app = await SessionApp.StartAsync(WithMemoryCache(CascadeSessionWrites.LastWriteWins));
        using HttpClient browser = SessionApp.NewBrowser();
        await app.RunAsync(browser, "set:a=1");

        Assert.Equal("a=1", await app.RunAsync(browser, "show"));
    }

    [Fact]
    public async Task A_missing_cache_fails_the_start()
    {
        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(() => SessionApp.StartAsync(new AppSettings
        {
            Register = static (services, _) =>
            {
                services.Remove(services.Last(static service => service.ServiceType == typeof(IDistributedCache)));
                services.AddSession().AddCascadeSession();
            },
        }));

        Assert.Contains("AddCascadeDistributedCache()", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_that_does_not_use_sessions_needs_no_cache_for_them()
    {
        await using SessionApp app = await SessionApp.StartAsync(WithMemoryCache(CascadeSessionWrites.Merge) with { Pipeline = static _ => { } });
    }

    [Fact]
    public void What_stands_before_the_cache_for_a_request_is_passed_by()
    {
        var cache = new FakeVersionedCache(new FakeStore(TimeProvider.System));

        Assert.Same(cache, CascadeSessionStore.CacheOf(new Wrapper(new Wrapper(cache))));
        Assert.Same(cache, CascadeSessionStore.CacheOf(cache));
    }

    [Fact]
    public async Task The_metrics_tell_what_the_counters_hold()
    {
        var seen = new Dictionary<string, long>();
        await using SessionApp app = await SessionApp.StartAsync(new AppSettings());
        using HttpClient browser = SessionApp.NewBrowser();
        SessionCounter[] all = Enum.GetValues<SessionCounter>();
        Array.ForEach(all, counter => Enumerable.Range(0, (int)counter + 100).ToList().ForEach(_ => app.Counters.Add(counter)));
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "CascadeCache" && instrument.Name.StartsWith("cascadecache.session.", StringComparison.Ordinal))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            // Other tests in this process have meters of the same name; theirs count far less.
            string series = instrument.Name + string.Concat(tags.ToArray().Select(static tag => $"{{{tag.Key}={tag.Value}}}"));
            seen[series] = Math.Max(seen.GetValueOrDefault(series), value);
        });
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Equal(
            new Dictionary<string, long>
            {
                ["cascadecache.session.commits{cascadecache.result=first_attempt}"] = 100,
                ["cascadecache.session.commits{cascadecache.result=retried}"] = 101,
                ["cascadecache.session.commits{cascadecache.result=merged}"] = 102,
                ["cascadecache.session.commits{cascadecache.result=cleared}"] = 103,
                ["cascadecache.session.commits{cascadecache.result=last_write_wins}"] = 104,
                ["cascadecache.session.commits{cascadecache.result=overwritten}"] = 105,
                ["cascadecache.session.commits{cascadecache.result=not_mergeable}"] = 106,
                ["cascadecache.session.commits{cascadecache.result=attempts_exhausted}"] = 107,
                ["cascadecache.session.conflicts"] = 108,
                ["cascadecache.session.waits"] = 109,
                ["cascadecache.session.skipped{cascadecache.operation=load}"] = 110,
                ["cascadecache.session.skipped{cascadecache.operation=refresh}"] = 111,
                ["cascadecache.session.preload_failures"] = 112,
            },
            seen);
    }

    [Fact]
    public void Nothing_may_be_null()
    {
        Assert.Throws<ArgumentNullException>(static () => CascadeSessionServiceCollectionExtensions.AddCascadeSession(null!));
        Assert.Throws<ArgumentNullException>(static () => CascadeSessionApplicationBuilderExtensions.UseCascadeSessionPreload(null!));
        ISessionStore store = new SessionLab().Store;
        Assert.Throws<ArgumentException>(() => store.Create("", TimeSpan.Zero, TimeSpan.Zero, static () => true, false));
        Assert.Throws<ArgumentNullException>(() => store.Create("key", TimeSpan.Zero, TimeSpan.Zero, null!, false));
    }

    private static AppSettings WithMemoryCache(CascadeSessionWrites writes) => new()
    {
        Register = (services, _) =>
        {
            services.Remove(services.Last(static service => service.ServiceType == typeof(IDistributedCache)));
            services.AddDistributedMemoryCache().AddSession().AddCascadeSession(options => options.Writes = writes);
        },
    };

    private sealed class Wrapper(IDistributedCache inner) : IDistributedCacheWrapper, IDistributedCache
    {
        public IDistributedCache Inner => inner;

        public byte[]? Get(string key) => throw new InvalidOperationException("Passed by.");

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => throw new InvalidOperationException("Passed by.");

        public void Refresh(string key) => throw new InvalidOperationException("Passed by.");

        public Task RefreshAsync(string key, CancellationToken token = default) => throw new InvalidOperationException("Passed by.");

        public void Remove(string key) => throw new InvalidOperationException("Passed by.");

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new InvalidOperationException("Passed by.");

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new InvalidOperationException("Passed by.");

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) => throw new InvalidOperationException("Passed by.");
    }
}
