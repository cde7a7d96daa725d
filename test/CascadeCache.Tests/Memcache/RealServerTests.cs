using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Tests.Memcache;

/// <summary>The client against memcached itself.</summary>
public sealed class RealServerTests
{
    [Fact]
    public async Task A_value_comes_back_with_its_flags_token_and_time()
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);
        MemcacheReply set = await client.SetAsync("k", "value", flags: 77);
        MemcacheReply get = await client.GetAsync("k");

        Assert.Equal(MemcacheStatus.Done, set.Status);
        Assert.Equal("Hvalue", MemcacheFixture.Text(get));
        Assert.Equal((77u, set.Token), (get.ClientFlags, get.Token));
        Assert.InRange(get.TimeToLive, 98, 100);
    }

    [Fact]
    public async Task One_of_many_readers_wins_the_lease()
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);

        MemcacheReply[] replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetAsync("k", lease: 30)));

        Assert.Single(replies, static r => r.Lease == LeaseState.Won);
        Assert.Equal(49, replies.Count(static r => r.Lease == LeaseState.Held));
    }

    [Fact]
    public async Task A_token_changes_what_it_was_given_for_and_nothing_else()
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);
        CasToken first = (await client.SetAsync("k", "1")).Token;
        CasToken second = (await client.SetAsync("k", "2", first)).Token;

        Assert.Equal(MemcacheStatus.Conflict, (await client.SetAsync("k", "3", first)).Status);
        Assert.Equal(MemcacheStatus.Conflict, (await client.Node.DeleteAsync(MemcacheFixture.Key("k"), first, MemcacheFixture.Call)).Status);
        Assert.Equal(MemcacheStatus.Done, (await client.Node.DeleteAsync(MemcacheFixture.Key("k"), second, MemcacheFixture.Call)).Status);
        Assert.Equal(MemcacheStatus.NotFound, (await client.SetAsync("k", "4", second)).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31 * 24 * 60 * 60)]
    [InlineData(2_000_000_000)]
    public async Task Any_time_to_live_is_stored(int seconds)
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);
        await client.SetAsync("k", "v", seconds: seconds);

        MemcacheReply get = await client.GetAsync("k");

        // A second's item lives between nothing and a second; a time that would lie beyond 2038 is cut there.
        Assert.True(get.Status == MemcacheStatus.Miss ? seconds == 1 : get.TimeToLive > Math.Min(seconds, 300_000_000) - 3);
    }

    [Fact]
    public async Task The_largest_value_fits_and_one_byte_more_is_refused()
    {
        await using RealMemcached server = await RealMemcached.StartAsync("-I", "2m");
        using var client = new MemcacheFixture(server.Host);
        await client.GetAsync("k");
        int largest = (int)client.Node.MaxValueBytes(MemcacheFixture.Key("k")) - 1;

        Assert.InRange(largest, 2_000_000, 2_097_152);
        Assert.Equal(MemcacheStatus.Done, (await client.SetAsync("k", new string('x', largest), flags: 1)).Status);
        Assert.Equal(MemcacheStatus.Refused, (await client.SetAsync("k", new string('x', largest + 1), flags: 1)).Status);
        Assert.Equal(largest + 1, (await client.GetAsync("k")).Value.Length);
    }

    [Fact]
    public async Task Many_callers_share_a_connection_and_each_gets_its_own_value()
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);

        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                string key = $"{caller}-{i}";
                string value = key + new string('v', i * caller);
                await client.SetAsync(key, value);
                MemcacheReply reply = await client.GetAsync(key);
                Assert.Equal("H" + value, MemcacheFixture.Text(reply));
                reply.Loan.Dispose();
            }
        })));
        Assert.Contains("STAT curr_connections 2\r\n", await server.AskAsync("stats\r\n", "END\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_killed_server_is_unavailable_and_a_new_one_is_connected_to(bool blocking)
    {
        await using RealMemcached server = await RealMemcached.StartAsync();
        using var client = new MemcacheFixture(server.Host);
        CasToken token = (await client.SetAsync("k", "v")).Token;
        server.Kill();
        await client.NextFaultAsync();
        var call = new CallContext(blocking, MemcacheFixture.Token);
        Assert.Equal(MemcacheStatus.Unavailable, (await client.Node.GetAsync(MemcacheFixture.Key("k"), new MemcacheGet(true, 0), call)).Status);

        await server.StartAgainAsync();
        MemcacheReply reply;
        do
        {
            reply = await client.Node.GetAsync(MemcacheFixture.Key("k"), new MemcacheGet(true, 0), call);
        }
        while (reply.Status == MemcacheStatus.Unavailable);

        Assert.Equal(MemcacheStatus.Miss, reply.Status);
        Assert.Equal(MemcacheStatus.Conflict, (await client.SetAsync("k", "late", token)).Status);
        Assert.True(client.Node.MinimumServerAge < TimeSpan.FromSeconds(30));
    }
}
