using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Routing;

namespace CascadeCache.Tests.Memcache;

public sealed class RoutingTests
{
    private static readonly MemcacheServerAddress Endpoint = new("10.0.0.1", 11211);

    // Verified against libmemcached 1.1.4, weighted ketama, servers 10.0.0.1 to 10.0.0.3 on port 11211.
    [Theory]
    [InlineData("a", 1)]
    [InlineData("foo", 1)]
    [InlineData("bar", 1)]
    [InlineData("user:1", 1)]
    [InlineData("user:2", 2)]
    [InlineData("user:3", 2)]
    public void A_key_belongs_to_the_server_that_libmemcached_gives_it(string key, int server) =>
        Assert.Equal(server, Ring(0, 1, 2).Find(Encoding.ASCII.GetBytes(key)));

    [Fact]
    public void The_ring_has_libmemcacheds_points()
    {
        KetamaRing<int> ring = Ring(0, 1, 2);

        Assert.Equal(480, ring.Points.Count);
        Assert.Equal([4635516u, 11062586u, 18272749u], ring.Points.Take(3));
    }

    [Fact]
    public void The_order_of_the_servers_does_not_matter()
    {
        KetamaRing<int> one = Ring(0, 1, 2);
        KetamaRing<int> other = Ring(2, 0, 1);

        Assert.All(Keys(1000), key => Assert.Equal(one.Find(key), other.Find(key)));
    }

    [Fact]
    public void A_server_more_takes_keys_but_moves_none_between_the_others()
    {
        KetamaRing<int> before = Ring(0, 1, 2);
        KetamaRing<int> after = Ring(0, 1, 2, 3);
        int moved = 0;
        foreach (byte[] key in Keys(4000))
        {
            int now = after.Find(key);
            Assert.True(now == before.Find(key) || now == 3);
            moved += now == 3 ? 1 : 0;
        }

        Assert.InRange(moved, 600, 1400);
    }

    [Theory]
    [InlineData("cache", "cache:11211")]
    [InlineData("cache:11212", "cache:11212")]
    [InlineData(" 127.0.0.1:1 ", "127.0.0.1:1")]
    [InlineData("[::1]", "[::1]:11211")]
    [InlineData("[::1]:65535", "[::1]:65535")]
    public void An_address_is_read(string text, string expected)
    {
        Assert.True(MemcacheServerAddress.TryParse(text, out MemcacheServerAddress? address, out _));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":11211")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:port")]
    [InlineData("ho st")]
    [InlineData("[::1")]
    [InlineData("[::1]11211")]
    [InlineData("http://host")]
    public void A_text_that_is_no_address_is_refused_with_the_text(string? text)
    {
        Assert.False(MemcacheServerAddress.TryParse(text, out _, out string? fault));
        Assert.Contains($"'{text}'", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_discovery_endpoint_is_understood_in_the_forms_that_vendors_send()
    {
        string[] lines = ["CONFIG cluster 0 80", "12", "a.example|10.0.0.1|11211 b.example||11212", ""];

        Assert.Equal(
            [new MemcacheServerAddress("10.0.0.1", 11211), new MemcacheServerAddress("b.example", 11212)],
            ClusterDiscovery.Parse(Endpoint, lines));
    }

    [Theory]
    [InlineData("ERROR")]
    [InlineData("CONFIG cluster 0 10|1")]
    [InlineData("CONFIG cluster 0 10|1|host:11211")]
    public void Something_else_in_place_of_a_cluster_is_an_error_that_says_what_to_do(string answer)
    {
        string[] lines = answer.StartsWith("CONFIG", StringComparison.Ordinal) ? answer.Split('|', 3) : [answer];

        MemcacheException error = Assert.Throws<MemcacheException>(() => ClusterDiscovery.Parse(Endpoint, lines));
        Assert.Contains("AutoDiscovery", error.Message, StringComparison.Ordinal);
    }

    private static KetamaRing<int> Ring(params int[] servers) =>
        new([.. servers.Select(static i => (new MemcacheServerAddress($"10.0.0.{i + 1}", 11211), i))]);

    private static IEnumerable<byte[]> Keys(int count) => Enumerable.Range(0, count).Select(static i => Encoding.ASCII.GetBytes($"key-{i}"));
}
