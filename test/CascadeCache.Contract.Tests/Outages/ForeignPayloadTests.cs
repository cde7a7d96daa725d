using System.Globalization;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>What stands under a key on memcached was damaged or written by somebody else: it is never believed, and it is repaired.</summary>
public sealed class ForeignPayloadTests
{
    private const string Name = OutageFixture.Prefix + "key";
    private static readonly byte[] Right = [1, 2, 3, 4, 5, 6, 7, 8];

    public enum Damage
    {
        Empty,
        OneByte,
        Truncated,
        Extended,
        CopyOfAnotherKey,
        Huge,
        Text,
    }

    public static IEnumerable<TheoryDataRow<Damage, CallStyle>> Damages =>
        from damage in Enum.GetValues<Damage>()
        from style in Enum.GetValues<CallStyle>()
        select new TheoryDataRow<Damage, CallStyle>(damage, style);

    [Theory, MemberData(nameof(Damages))]
    public async Task A_damaged_item_is_rejected_and_repaired_and_every_call_works_over_it(Damage damage, CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(style, "other", 9, 9, 9, 9, 9, 9, 9, 9);
        await cache.SetAsync(style, "key", Right);
        (string flags, string item) = await ItemAsync(servers, Name);
        (string otherFlags, string otherItem) = await ItemAsync(servers, OutageFixture.Prefix + "other");
        (flags, item) = damage switch
        {
            Damage.Empty => (flags, ""),
            Damage.OneByte => (flags, item[..1]),
            Damage.Truncated => (flags, item[..^1]),
            Damage.Extended => (flags, item + "\0"),
            Damage.CopyOfAnotherKey => (otherFlags, otherItem),
            Damage.Huge => (flags, new string('x', 1_000_000)),
            _ => ("0", "another program's"),
        };

        await AssertIsRepairedAsync(servers, cache, style, flags, item);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(12), InlineData(uint.MaxValue)]
    public async Task Flags_of_another_program_do_not_make_its_item_ours(uint flags)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(CallStyle.Async, "key", Right);

        await AssertIsRepairedAsync(servers, cache, CallStyle.Async, flags.ToString(CultureInfo.InvariantCulture), "another program's");
    }

    [Fact]
    public async Task One_flipped_bit_anywhere_in_an_item_is_noticed()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(CallStyle.Async, "key", Right);
        (string flags, string item) = await ItemAsync(servers, Name);
        for (int i = 0; i < item.Length; i++)
        {
            char[] flipped = item.ToCharArray();
            flipped[i] ^= (char)(1 << (i % 8));
            await PutAsync(servers, flags, new string(flipped));
            Assert.Equal(Right, await cache.GetAsync(CallStyle.Async, "key"));
            Assert.Equal(i + 1, cache.GetStatistics().RejectedPayloads);
        }
    }

    [Fact]
    public async Task The_log_tells_of_it_once_in_a_minute_without_key_or_content()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        for (int i = 0; i < 3; i++)
        {
            await PutAsync(servers, "0", "secret");
            Assert.Null(await cache.GetAsync(CallStyle.Async, "key"));
        }

        LogBook.Line line = Assert.Single(servers.Log.Of(3));
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains(servers.Memcached.Host, line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Name, line.Text, StringComparison.Ordinal);

        servers.Clock.Advance(TimeSpan.FromSeconds(61));
        await PutAsync(servers, "0", "secret");
        await cache.GetAsync(CallStyle.Async, "key");
        Assert.Equal(2, servers.Log.Of(3).Count());
    }

    private static async Task AssertIsRepairedAsync(OutageFixture servers, CascadeDistributedCache cache, CallStyle style, string flags, string item)
    {
        await PutAsync(servers, flags, item);
        CascadeCacheStatistics before = cache.GetStatistics();
        Assert.Equal(Right, await cache.GetAsync(style, "key"));
        Assert.Equal(before.RejectedPayloads + 1, cache.GetStatistics().RejectedPayloads);
        Assert.Equal(before.MemcacheHits, cache.GetStatistics().MemcacheHits);
        await AssertIsHitAsync(cache, style, Right);

        await PutAsync(servers, flags, item);
        await cache.RefreshAsync(style, "key");
        Assert.Equal(Right, await cache.GetAsync(style, "key"));

        await PutAsync(servers, flags, item);
        await cache.SetAsync(style, "key", 7);
        Assert.Equal([7], await cache.GetAsync(style, "key"));
        await AssertIsHitAsync(cache, style, [7]);

        await PutAsync(servers, flags, item);
        await cache.RemoveAsync(style, "key");
        Assert.Null(await cache.GetAsync(style, "key"));
    }

    private static async Task AssertIsHitAsync(CascadeDistributedCache cache, CallStyle style, byte[] value)
    {
        long hits = cache.GetStatistics().MemcacheHits;
        Assert.Equal(value, await cache.GetAsync(style, "key"));
        Assert.Equal(hits + 1, cache.GetStatistics().MemcacheHits);
    }

    private static async Task PutAsync(OutageFixture servers, string flags, string item) =>
        Assert.Equal("STORED\r\n", await servers.Memcached.AskAsync($"set {Name} {flags} 0 {item.Length}\r\n{item}\r\n", "\r\n"));

    private static async Task<(string Flags, string Item)> ItemAsync(OutageFixture servers, string name)
    {
        string reply = await servers.Memcached.AskAsync($"get {name}\r\n", "END\r\n");
        int start = reply.IndexOf("\r\n", StringComparison.Ordinal) + 2;
        string[] words = reply[..(start - 2)].Split(' ');
        Assert.Equal("VALUE", words[0]);
        return (words[2], reply.Substring(start, int.Parse(words[3], CultureInfo.InvariantCulture)));
    }
}
