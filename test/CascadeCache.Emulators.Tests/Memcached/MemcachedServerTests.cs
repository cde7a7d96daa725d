using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>The server as a whole: limits, memory, many clients, its end.</summary>
public sealed partial class MemcachedServerTests
{
    private const int ManyClients = 16;

    public static TheoryData<string> LinesWithoutEnd => [new string('x', 2049), "mg " + new string('k', 2100), new string(' ', 3000) + "get k"];

    [Theory]
    [MemberData(nameof(LinesWithoutEnd))]
    public async Task A_line_that_does_not_end_closes_the_connection(string line)
    {
        await using var emulator = await StartAsync();
        await using var server = await RealMemcached.StartAsync();
        foreach (var host in new[] { emulator.Host, server.Host })
        {
            using var client = await RawMemcachedClient.ConnectAsync(host);
            await client.SendAsync(line);
            Assert.Equal(RawMemcachedClient.Closed, await client.ReadToEndAsync());
        }
    }

    [Fact]
    public async Task A_get_may_be_long()
    {
        await using var emulator = await StartAsync();
        await using var server = await RealMemcached.StartAsync();
        var request = "ms k 1⏎x⏎get " + string.Join(' ', Enumerable.Repeat("k", 20_000)) + "⏎";
        var reply = "HD⏎" + string.Concat(Enumerable.Repeat("VALUE k 0 1⏎x⏎", 20_000)) + "END⏎";

        Assert.Equal(reply, await RawMemcachedClient.AskOnceAsync(emulator.Host, request));
        Assert.Equal(reply, await RawMemcachedClient.AskOnceAsync(server.Host, request));
    }

    [Fact]
    public async Task A_reply_beyond_all_measure_is_refused()
    {
        await using var emulator = await StartAsync();
        var request = $"ms k 1000000 q⏎{new string('v', 1_000_000)}⏎get {string.Join(' ', Enumerable.Repeat("k", 300))}⏎mg k⏎";

        Assert.Equal("SERVER_ERROR out of memory writing get response⏎HD⏎", await RawMemcachedClient.AskOnceAsync(emulator.Host, request));
    }

    [Fact]
    public async Task Ten_thousand_pipelined_commands_are_answered_in_order()
    {
        await using var emulator = await StartAsync();
        var request = string.Concat(Enumerable.Range(0, 10_000).Select(i => $"mg k O{i}⏎"));

        Assert.Equal(request.Replace("mg k", "EN"), await RawMemcachedClient.AskOnceAsync(emulator.Host, request));
    }

    [Fact]
    public async Task The_least_recently_used_items_make_room()
    {
        await using var emulator = await StartAsync(new MemcachedEmulatorOptions { MaxMemoryBytes = 10_000, MaxItemBytes = 10_000 });
        using var client = await RawMemcachedClient.ConnectAsync(emulator.Host);
        await client.AskAsync("ms old 1⏎x⏎ms used 1⏎x⏎mg used⏎");

        for (var i = 0; i < 9; i++)
        {
            Assert.Equal("HD⏎HD⏎", await client.AskAsync($"ms k{i} 1000⏎{new string('v', 1000)}⏎mg used⏎"));
        }

        Assert.Equal("EN⏎HD⏎EN⏎HD⏎", await client.AskAsync($"ms big 1000 q⏎{new string('v', 1000)}⏎mg old⏎mg used⏎mg k0⏎mg k8⏎"));
        var bytes = long.Parse(Stat(await client.AskAsync("stats⏎"), "bytes"));
        Assert.InRange(bytes, 9_000, 10_000);
    }

    [Fact]
    public async Task Items_with_a_short_life_are_protected_when_asked_for()
    {
        await using var emulator = await StartAsync(new MemcachedEmulatorOptions { MaxMemoryBytes = 3_000, MaxItemBytes = 3_000 });
        using var client = await RawMemcachedClient.ConnectAsync(emulator.Host);
        Assert.Equal("OK⏎", await client.AskAsync("lru temp_ttl 600⏎"));
        Assert.Contains("STAT temp_lru yes⏎STAT temporary_ttl 600⏎", await client.AskAsync("stats settings⏎"));
        await client.AskAsync("ms lock 1 T300⏎x⏎ms value 1 T900⏎x⏎mg lease N30⏎");

        for (var i = 0; i < 10; i++)
        {
            await client.AskAsync($"ms k{i} 1000⏎{new string('v', 1000)}⏎");
        }

        Assert.Equal("HD⏎EN⏎EN⏎", await client.AskAsync("mg lock⏎mg value⏎mg lease⏎"));
    }

    [Fact]
    public async Task When_nothing_may_be_evicted_storing_fails_and_takes_the_old_item()
    {
        await using var emulator = await StartAsync(new MemcachedEmulatorOptions { MaxMemoryBytes = 2_000, MaxItemBytes = 2_000 });
        using var client = await RawMemcachedClient.ConnectAsync(emulator.Host);
        var value = new string('v', 900);
        await client.AskAsync($"lru temp_ttl 600⏎ms a 900 T9⏎{value}⏎ms b 900 T9⏎{value}⏎");

        Assert.Equal(
            "SERVER_ERROR out of memory storing object⏎EN⏎SERVER_ERROR out of memory storing object⏎HD⏎",
            await client.AskAsync($"ms a 900 C99⏎{value}⏎mg a⏎ms c 1000⏎{new string('v', 1000)}⏎mg b⏎"));
    }

    [Fact]
    public async Task A_smaller_item_limit_is_told_and_kept()
    {
        await using var emulator = await StartAsync(new MemcachedEmulatorOptions { MaxItemBytes = 1024 });
        await using var server = await RealMemcached.StartAsync("-I", "1024", "-o", "slab_chunk_max=512");
        foreach (var host in new[] { emulator.Host, server.Host })
        {
            using var client = await RawMemcachedClient.ConnectAsync(host);
            Assert.Contains("STAT item_size_max 1024⏎", await client.AskAsync("stats settings⏎"));
            Assert.Equal("SERVER_ERROR object too large for cache⏎", await client.AskAsync($"ms k 965⏎{new string('v', 965)}⏎"));
        }

        Assert.Equal("HD⏎", await RawMemcachedClient.AskOnceAsync(emulator.Host, $"ms k 964⏎{new string('v', 964)}⏎"));
    }

    [Fact]
    public async Task Of_many_who_ask_at_once_one_wins_the_lease_and_one_fills_it()
    {
        await using var emulator = await StartAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, ManyClients).Select(_ => RawMemcachedClient.ConnectAsync(emulator.Host)));
        for (var round = 0; round < 20; round++)
        {
            var leases = await Task.WhenAll(clients.Select(client => client.AskAsync($"mg k{round} c N30⏎")));
            Assert.Single(leases, lease => lease.EndsWith(" W⏎", StringComparison.Ordinal));
            Assert.Equal(ManyClients - 1, leases.Count(lease => lease.EndsWith(" Z⏎", StringComparison.Ordinal)));

            var cas = leases[0].Split(' ')[1][1..];
            var fills = await Task.WhenAll(clients.Select(client => client.AskAsync($"ms k{round} 1 C{cas}⏎x⏎")));
            Assert.Single(fills, "HD⏎");
        }

        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Stats_count()
    {
        await using var emulator = await StartAsync();
        using var client = await RawMemcachedClient.ConnectAsync(emulator.Host);
        await client.AskAsync("ms k 1⏎x⏎mg k⏎mg z⏎ms k 1 C9⏎x⏎md z⏎touch k 0⏎stats reset⏎mg k⏎mg z⏎get z⏎ms k 1 C9⏎x⏎ms j 2⏎xy⏎");

        var stats = await client.AskAsync("stats⏎");

        var names = new[] { "curr_items", "bytes", "cmd_get", "get_hits", "cmd_set", "cas_badval", "cmd_touch", "curr_connections" };
        // The sentinel that ended the first question is one get more.
        Assert.Equal(["2", "123", "4", "1", "2", "1", "0", "1"], names.Select(name => Stat(stats, name)));
        Assert.EndsWith("END⏎", stats);
    }

    [Fact]
    public async Task Every_stat_has_the_name_that_a_real_server_uses()
    {
        await using var emulator = await StartAsync();
        await using var server = await RealMemcached.StartAsync();
        foreach (var question in new[] { "stats⏎", "stats settings⏎" })
        {
            var known = StatLine().Matches(await RawMemcachedClient.AskOnceAsync(server.Host, question)).Select(match => match.Groups[1].Value);
            var ours = StatLine().Matches(await RawMemcachedClient.AskOnceAsync(emulator.Host, question)).Select(match => match.Groups[1].Value);
            Assert.NotEmpty(ours);
            Assert.Empty(ours.Except(known));
        }
    }

    [Fact]
    public async Task A_restarted_emulator_on_the_same_port_is_another_process_without_items()
    {
        var first = await StartAsync();
        using var client = await RawMemcachedClient.ConnectAsync(first.Host);
        await client.AskAsync("ms k 1⏎x⏎");
        var firstId = Stat(await client.AskAsync("stats⏎"), "pid");
        await first.DisposeAsync();
        Assert.Equal(RawMemcachedClient.Closed, await client.ReadToEndAsync());
        await Assert.ThrowsAsync<SocketException>(() => RawMemcachedClient.ConnectAsync(first.Host));

        await using var second = await StartAsync(new MemcachedEmulatorOptions { Port = IPEndPoint.Parse(first.Host).Port });

        Assert.Equal(first.Host, second.Host);
        Assert.Equal("EN⏎HD c1⏎", await RawMemcachedClient.AskOnceAsync(second.Host, "mg k⏎ms k 1 c⏎x⏎"));
        Assert.NotEqual(firstId, Stat(await RawMemcachedClient.AskOnceAsync(second.Host, "stats⏎"), "pid"));
    }

    [Fact]
    public async Task Disposing_ends_clients_that_wait_for_a_block_or_do_not_read()
    {
        var emulator = await StartAsync();
        using var waiting = await RawMemcachedClient.ConnectAsync(emulator.Host);
        await waiting.AskAsync("mn⏎");
        await waiting.SendAsync("ms k 100⏎x");
        using var deaf = await RawMemcachedClient.ConnectAsync(emulator.Host);
        await deaf.AskAsync($"ms big 900000⏎{new string('v', 900_000)}⏎");
        await deaf.SendAsync(string.Concat(Enumerable.Repeat("mg big v⏎", 50)));

        await emulator.DisposeAsync();
        await emulator.DisposeAsync();

        Assert.Equal(RawMemcachedClient.Closed, await waiting.ReadToEndAsync());
    }

    [Fact]
    public async Task A_taken_port_and_senseless_options_are_refused()
    {
        await using var emulator = await StartAsync();
        var port = IPEndPoint.Parse(emulator.Host).Port;

        await Assert.ThrowsAsync<SocketException>(() => StartAsync(new MemcachedEmulatorOptions { Port = port }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(new MemcachedEmulatorOptions { Port = -1 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(new MemcachedEmulatorOptions { MaxItemBytes = 0 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(new MemcachedEmulatorOptions { MaxMemoryBytes = 1 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => StartAsync(new MemcachedEmulatorOptions { InitialUptime = TimeSpan.FromSeconds(-1) }));
    }

    [Fact]
    public async Task The_real_server_can_be_killed_and_restarted_on_its_port()
    {
        await using var server = await RealMemcached.StartAsync();
        var host = server.Host;
        using var client = await RawMemcachedClient.ConnectAsync(host);
        Assert.Equal("HD c1⏎HD c2⏎", await client.AskAsync("ms k 1 c⏎x⏎ms k 1 c⏎x⏎"));

        server.Kill();
        Assert.Equal(RawMemcachedClient.Closed, await client.ReadToEndAsync());
        await server.StartAgainAsync();

        Assert.Equal(host, server.Host);
        Assert.Equal("EN⏎HD c1⏎", await RawMemcachedClient.AskOnceAsync(host, "mg k⏎ms k 1 c⏎x⏎"));
    }

    private static string Stat(string reply, string name) =>
        StatLine().Matches(reply).Single(match => match.Groups[1].Value == name).Groups[2].Value;

    private static Task<MemcachedEmulator> StartAsync(MemcachedEmulatorOptions? options = null) =>
        MemcachedEmulator.StartAsync(options, TestContext.Current.CancellationToken);

    [GeneratedRegex("STAT ([^ ]+) ([^⏎]*)⏎")]
    private static partial Regex StatLine();
}
