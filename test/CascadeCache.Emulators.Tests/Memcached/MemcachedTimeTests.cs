using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>Lifetimes, flushes and ages, with a clock that only moves when told.</summary>
public sealed class MemcachedTimeTests : IAsyncLifetime
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.Parse("2030-01-01T00:00:00.4Z");

    private readonly FakeTimeProvider _time = new(s_start);
    private MemcachedEmulator _emulator = null!;
    private RawMemcachedClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _emulator = await StartAsync(new MemcachedEmulatorOptions { TimeProvider = _time });
        _client = await RawMemcachedClient.ConnectAsync(_emulator.Host);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _emulator.DisposeAsync();
    }

    [Fact]
    public async Task An_item_lives_between_one_second_less_than_its_lifetime_and_all_of_it()
    {
        Advance(0.9);
        Assert.Equal("HD⏎", await _client.AskAsync("ms k 1 T2⏎x⏎"));

        Advance(1.0);
        Assert.Equal("HD t1⏎", await _client.AskAsync("mg k t⏎"));
        Advance(0.1);
        Assert.Equal("EN⏎", await _client.AskAsync("mg k t⏎"));
    }

    [Fact]
    public async Task An_expired_item_counts_as_absent_for_every_command()
    {
        const string Store = "ms k 1 T1⏎5⏎";
        foreach (var (request, reply) in new[]
        {
            ("mg k⏎", "EN⏎"), ("get k⏎", "END⏎"), ("md k⏎", "NF⏎"), ("delete k⏎", "NOT_FOUND⏎"), ("touch k 9⏎", "NOT_FOUND⏎"),
            ("ma k⏎", "NF⏎"), ("incr k 1⏎", "NOT_FOUND⏎"), ("me k⏎", "EN⏎"), ("ms k 1 ME⏎x⏎", "HD⏎"), ("ms k 1 MR⏎x⏎", "NS⏎"),
            ("ms k 1 C1⏎x⏎", "NF⏎"), ("gat 9 k⏎", "END⏎"),
        })
        {
            Assert.Equal("HD⏎", await _client.AskAsync(Store));
            Advance(1);
            Assert.Equal(reply, await _client.AskAsync(request));
        }
    }

    [Fact]
    public async Task A_touch_gives_a_new_lifetime()
    {
        await _client.AskAsync("ms k 1 T2⏎x⏎");
        Advance(1);
        Assert.Equal("TOUCHED⏎HD t3⏎", await _client.AskAsync("touch k 3⏎mg k t⏎"));
        Advance(2);
        Assert.Equal("HD t10⏎", await _client.AskAsync("mg k T10 t⏎"));
        Advance(9);
        Assert.Equal("HD⏎", await _client.AskAsync("mg k⏎"));
        Advance(1);
        Assert.Equal("EN⏎", await _client.AskAsync("mg k⏎"));
    }

    [Fact]
    public async Task More_than_thirty_days_is_unix_time()
    {
        var inHundredSeconds = s_start.ToUnixTimeSeconds() + 100;

        Assert.Equal("HD⏎HD t100⏎", await _client.AskAsync($"ms k 1 T{inHundredSeconds}⏎x⏎mg k t⏎"));
        Advance(99);
        Assert.Equal("HD t1⏎", await _client.AskAsync("mg k t⏎"));
        Advance(1);
        Assert.Equal("EN⏎", await _client.AskAsync("mg k t⏎"));
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_won_anew()
    {
        Assert.Equal("VA 0 c1 W⏎⏎VA 0 c1 Z⏎⏎", await _client.AskAsync("mg k v c N5⏎mg k v c N5⏎"));
        Advance(5);
        Assert.Equal("VA 0 c2 W⏎⏎", await _client.AskAsync("mg k v c N5⏎"));
        Assert.Equal("EX c0⏎HD c3⏎", await _client.AskAsync("ms k 1 C1 c⏎x⏎ms k 1 C2 c⏎x⏎"));
    }

    [Fact]
    public async Task Recaching_is_won_when_the_rest_of_the_life_is_short()
    {
        await _client.AskAsync("ms k 1 T20⏎x⏎");
        Assert.Equal("HD⏎", await _client.AskAsync("mg k R10⏎"));
        Advance(10);
        Assert.Equal("HD⏎", await _client.AskAsync("mg k R10⏎"));
        Advance(1);
        Assert.Equal("HD W⏎HD Z⏎", await _client.AskAsync("mg k R10⏎mg k R10⏎"));
    }

    // Measured on the real server: it acts a second early, and what is stored during that second is gone at once.
    [Fact]
    public async Task A_delayed_flush_takes_all_that_is_stored_up_to_the_second_before_its_moment()
    {
        await _client.AskAsync("ms a 1⏎x⏎flush_all 10⏎");
        Advance(8);
        Assert.Equal("HD⏎HD⏎HD⏎", await _client.AskAsync("mg a⏎ms b 1⏎x⏎mg b⏎"));
        Advance(1);
        Assert.Equal("EN⏎EN⏎HD⏎EN⏎", await _client.AskAsync("mg a⏎mg b⏎ms c 1⏎x⏎mg c⏎"));
        Advance(1);
        Assert.Equal("HD⏎HD⏎", await _client.AskAsync("ms c 1⏎x⏎mg c⏎"));
    }

    [Fact]
    public async Task What_was_flushed_stays_gone_when_another_flush_is_planned() =>
        Assert.Equal("HD⏎OK⏎OK⏎EN⏎", await _client.AskAsync("ms k 1⏎x⏎flush_all⏎flush_all 100⏎mg k⏎"));

    [Fact]
    public async Task Ages_and_lifetimes_are_told()
    {
        await _client.AskAsync("ms k 1 T100⏎x⏎");
        Advance(7);
        Assert.Equal("HD l7 t93 h0⏎ME k exp=-93 la=7 cas=1 fetch=yes cls=1 size=61⏎", await _client.AskAsync("mg k l t h⏎me k⏎"));
    }

    [Fact]
    public async Task Uptime_begins_at_two_like_a_real_server_and_grows()
    {
        Assert.Contains($"STAT uptime 2⏎STAT time {s_start.ToUnixTimeSeconds()}⏎", await _client.AskAsync("stats⏎"));
        Advance(60);
        Assert.Contains($"STAT uptime 62⏎STAT time {s_start.ToUnixTimeSeconds() + 60}⏎", await _client.AskAsync("stats⏎"));
    }

    [Fact]
    public async Task An_initial_uptime_makes_the_server_older_but_not_its_items()
    {
        await using var old = await StartAsync(new MemcachedEmulatorOptions { TimeProvider = _time, InitialUptime = TimeSpan.FromHours(1) });
        using var client = await RawMemcachedClient.ConnectAsync(old.Host);

        Assert.Contains($"STAT uptime 3602⏎STAT time {s_start.ToUnixTimeSeconds()}⏎", await client.AskAsync("stats⏎"));
        Assert.Equal("HD⏎HD l0 t30⏎", await client.AskAsync("ms k 1 T30⏎x⏎mg k l t⏎"));
        Assert.Equal("HD⏎EN⏎", await client.AskAsync("ms k 1 T2592001⏎x⏎mg k⏎"));
    }

    private void Advance(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private static Task<MemcachedEmulator> StartAsync(MemcachedEmulatorOptions options) =>
        MemcachedEmulator.StartAsync(options, TestContext.Current.CancellationToken);
}
