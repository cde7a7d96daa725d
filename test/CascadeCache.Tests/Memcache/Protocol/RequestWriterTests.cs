using System.Buffers;
using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>The bytes of every request, as doc/protocol.txt describes them.</summary>
public sealed class RequestWriterTests
{
    private static readonly MemcacheKey Key = new("key"u8.ToArray());

    [Theory]
    [InlineData(true, 0, "mg key v c f t k O7\r\n")]
    [InlineData(false, 0, "mg key s c f t k O7\r\n")]
    [InlineData(true, 1, "mg key v c f t N1 k O7\r\n")]
    [InlineData(false, 30, "mg key s c f t N30 k O7\r\n")]
    public void A_read(bool withValue, int lease, string expected) =>
        Assert.Equal(expected, Written(new MemcacheRequest(RequestKind.Get, Key, new MemcacheGet(withValue, lease), default, null)));

    [Theory]
    [InlineData("", 0u, 100, "ms key 4 T100 c k O7\r\nhead\r\n")]
    [InlineData("value", 0u, 1, "ms key 9 T1 c k O7\r\nheadvalue\r\n")]
    [InlineData("value", 1u, 100, "ms key 9 F1 T100 c k O7\r\nheadvalue\r\n")]
    [InlineData("value", uint.MaxValue, 4_000_000_000, "ms key 9 F4294967295 T4000000000 c k O7\r\nheadvalue\r\n")]
    public void A_write(string payload, uint flags, long time, string expected) => Assert.Equal(expected, Written(Set(payload, flags, time, null)));

    [Theory]
    [InlineData(1ul, "ms key 5 C1 F2 T3 c k O7\r\nhead1\r\n")]
    [InlineData(ulong.MaxValue, "ms key 5 C18446744073709551615 F2 T3 c k O7\r\nhead1\r\n")]
    public void A_write_under_a_token(ulong cas, string expected) => Assert.Equal(expected, Written(Set("1", 2, 3, new CasToken(cas, 9))));

    [Theory]
    [InlineData(null, "md key k O7\r\n")]
    [InlineData(5ul, "md key C5 k O7\r\n")]
    public void A_deletion(ulong? cas, string expected) =>
        Assert.Equal(expected, Written(new MemcacheRequest(RequestKind.Delete, Key, default, default, cas is { } c ? new CasToken(c, 9) : null)));

    [Fact]
    public void An_opaque_is_a_number_without_a_sign() =>
        Assert.Equal("md key k O4294967295\r\n", Written(new MemcacheRequest(RequestKind.Delete, Key, default, default, null), uint.MaxValue));

    [Fact]
    public void Only_what_a_write_stores_ends_a_record()
    {
        var buffer = new OutgoingBuffer();
        RequestWriter.Write(buffer, new MemcacheRequest(RequestKind.Get, Key, new MemcacheGet(true, 0), default, null), 1);
        RequestWriter.Write(buffer, Set("value", 0, 100, null), 2);
        long first = buffer.Length;
        RequestWriter.Write(buffer, new MemcacheRequest(RequestKind.Delete, Key, default, default, null), 3);
        RequestWriter.Write(buffer, Set("", 0, 100, null), 4);

        Assert.Equal([first, buffer.Length], buffer.RecordEnds);
    }

    private static MemcacheRequest Set(string payload, uint flags, long time, CasToken? token) =>
        new(RequestKind.Set, Key, default, new MemcacheSet("head"u8.ToArray(), new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(payload)), flags, time), token);

    private static string Written(in MemcacheRequest request, uint opaque = 7)
    {
        var buffer = new OutgoingBuffer();
        RequestWriter.Write(buffer, request, opaque);
        using var stream = new MemoryStream();
        buffer.WriteTo(stream, endsRecords: false);
        return Encoding.ASCII.GetString(stream.ToArray());
    }
}
