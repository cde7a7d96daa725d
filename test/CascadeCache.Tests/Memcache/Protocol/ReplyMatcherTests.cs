using System.Text;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>Replies to a request for the key "name" with opaque 7.</summary>
public sealed class ReplyMatcherTests
{
    private const string NamesMisses = "1.6.18";
    private const string NamesNoMisses = "1.6.17";
    private const long Epoch = 42;

    [Theory]
    [InlineData("VA 3 c9 f77 t30 kname O7", 9ul, 77u, 30)]
    [InlineData("HD s3 c9 f77 t30 kname O7", 9ul, 77u, 30)]
    [InlineData("VA 3 c18446744073709551615 f0 t-1 kname O7", ulong.MaxValue, 0u, -1)]
    [InlineData("VA 3 c9 f0 t0 kname O7", 9ul, 0u, 0)]
    [InlineData("VA 3 c9 f0 t2147483647 kname O7", 9ul, 0u, int.MaxValue)]
    [InlineData("VA 3 c9 f0 t2147483648 kname O7", 9ul, 0u, 0)] // wrapped: the item is gone
    [InlineData("VA 3 c9 f0 t4294967290 kname O7", 9ul, 0u, 0)]
    public void A_hit_has_its_token_flags_and_time(string text, ulong cas, uint flags, int timeToLive)
    {
        MemcacheReply reply = Match(text, RequestKind.Get);

        Assert.Equal((MemcacheStatus.Hit, LeaseState.None), (reply.Status, reply.Lease));
        Assert.Equal((new CasToken(cas, Epoch), flags, timeToLive), (reply.Token, reply.ClientFlags, reply.TimeToLive));
        Assert.Equal((MemcacheFault.None, null), (reply.Fault, reply.Error));
    }

    [Theory]
    [InlineData("VA 0 c9 f0 t30 kname O7 W", nameof(LeaseState.Won))]
    [InlineData("VA 0 c9 f0 t30 kname O7 Z", nameof(LeaseState.Held))]
    [InlineData("VA 0 c9 f0 t30 kname O7 W Z", nameof(LeaseState.Won))]
    [InlineData("HD s0 c9 f0 t30 kname O7 Z", nameof(LeaseState.Held))]
    [InlineData("VA 0 c9 f0 t30 kname O7", nameof(LeaseState.None))]
    [InlineData("VA 1 c9 f0 t30 kname O7 W", nameof(LeaseState.None))] // it has bytes: no placeholder
    [InlineData("VA 1 c9 f0 t30 kname O7 Z", nameof(LeaseState.None))]
    public void An_item_without_a_byte_that_was_promised_to_somebody_is_a_placeholder(string text, string lease)
    {
        MemcacheReply reply = Match(text, RequestKind.Get);

        Assert.Equal((MemcacheStatus.Hit, lease), (reply.Status, reply.Lease.ToString()));
    }

    [Theory]
    [InlineData("EN kname O7", NamesMisses)]
    [InlineData("EN kname O7", NamesNoMisses)]
    [InlineData("EN", NamesNoMisses)]
    public void A_miss_proves_itself_where_the_server_names_it(string text, string version) =>
        Assert.Equal(MemcacheStatus.Miss, Match(text, RequestKind.Get, version).Status);

    [Theory]
    [InlineData("HD c9 kname O7", nameof(RequestKind.Set), nameof(MemcacheStatus.Done), 9ul)]
    [InlineData("HD kname O7", nameof(RequestKind.Delete), nameof(MemcacheStatus.Done), 0ul)]
    [InlineData("EX kname O7", nameof(RequestKind.Set), nameof(MemcacheStatus.Conflict), 0ul)]
    [InlineData("EX kname O7", nameof(RequestKind.Delete), nameof(MemcacheStatus.Conflict), 0ul)]
    [InlineData("NS kname O7", nameof(RequestKind.Set), nameof(MemcacheStatus.Conflict), 0ul)]
    [InlineData("NF kname O7", nameof(RequestKind.Set), nameof(MemcacheStatus.NotFound), 0ul)]
    [InlineData("NF kname O7", nameof(RequestKind.Delete), nameof(MemcacheStatus.NotFound), 0ul)]
    public void A_write_is_done_or_not(string text, string kind, string status, ulong cas)
    {
        MemcacheReply reply = Match(text, Enum.Parse<RequestKind>(kind));

        Assert.Equal(status, reply.Status.ToString());
        Assert.Equal(cas == 0 ? default : new CasToken(cas, Epoch), reply.Token with { Epoch = cas == 0 ? 0 : reply.Token.Epoch });
    }

    [Theory]
    [InlineData(nameof(RequestKind.Get))]
    [InlineData(nameof(RequestKind.Set))]
    [InlineData(nameof(RequestKind.Delete))]
    public void A_server_error_names_nobody_and_refuses_the_request(string kind)
    {
        MemcacheReply reply = Match("SERVER_ERROR out of memory", Enum.Parse<RequestKind>(kind));

        Assert.Equal(MemcacheStatus.Refused, reply.Status);
        Assert.Equal("memcached refused the request: SERVER_ERROR out of memory", reply.Error!.Message);
    }

    [Fact]
    public void A_long_text_is_shown_in_part()
    {
        MemcacheReply reply = Match("SERVER_ERROR " + new string('x', 200), RequestKind.Get);

        Assert.EndsWith("SERVER_ERROR " + new string('x', 80 - 13), reply.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HD s3 c9 f0 t30 kname", nameof(RequestKind.Get))] // no opaque
    [InlineData("HD s3 c9 f0 t30 O7", nameof(RequestKind.Get))] // no key
    [InlineData("HD s3 c9 f0 t30 kname O8", nameof(RequestKind.Get))] // of another request
    [InlineData("HD s3 c9 f0 t30 kother O7", nameof(RequestKind.Get))] // of another key
    [InlineData("EN", nameof(RequestKind.Get))] // this server names its misses
    [InlineData("EN kother O7", nameof(RequestKind.Get))]
    [InlineData("HD c9 f0 t30 kname O7", nameof(RequestKind.Get))] // no size
    [InlineData("VA 3 f0 t30 kname O7", nameof(RequestKind.Get))] // no token
    [InlineData("VA 3 c0 f0 t30 kname O7", nameof(RequestKind.Get))]
    [InlineData("HD s3 f0 t30 kname O7", nameof(RequestKind.Get))]
    [InlineData("VA 3 c9 t30 kname O7", nameof(RequestKind.Get))] // no flags: a lock would look like damage
    [InlineData("VA 3 c9 f0 kname O7", nameof(RequestKind.Get))] // no time
    [InlineData("NF kname O7", nameof(RequestKind.Get))] // the answer to a write
    [InlineData("EX s3 c9 f0 t30 kname O7", nameof(RequestKind.Get))]
    [InlineData("HD kname O7", nameof(RequestKind.Set))] // no token
    [InlineData("HD c9 O7", nameof(RequestKind.Set))]
    [InlineData("HD c9 kname", nameof(RequestKind.Set))]
    [InlineData("VA 3 c9 kname O7", nameof(RequestKind.Set))] // the answer to a read
    [InlineData("EN kname O7", nameof(RequestKind.Delete))]
    [InlineData("HD kother O7", nameof(RequestKind.Delete))]
    [InlineData("CLIENT_ERROR bad command line format", nameof(RequestKind.Get))]
    [InlineData("ERROR", nameof(RequestKind.Set))]
    [InlineData("STORED", nameof(RequestKind.Set))]
    public void Whatever_does_not_fit_is_refused(string text, string kind) =>
        Assert.Throws<InvalidDataException>(() => Match(text, Enum.Parse<RequestKind>(kind)));

    [Theory]
    [InlineData("EN kname O8")]
    [InlineData("EN kother O7")]
    [InlineData("HD s3 c9 f0 t30")] // only misses may go without a name
    public void A_server_that_does_not_name_misses_names_everything_else(string text) =>
        Assert.Throws<InvalidDataException>(() => Match(text, RequestKind.Get, NamesNoMisses));

    [Fact]
    public void A_key_may_come_back_as_base64()
    {
        Assert.Equal(MemcacheStatus.Hit, Match("HD s3 c9 f0 t30 kbmFtZQ== b O7", RequestKind.Get).Status);

        string longest = new('k', MemcacheKey.MaxBytes);
        Assert.Equal(MemcacheStatus.Hit, Match($"HD s3 c9 f0 t30 k{Base64(longest)} b O7", RequestKind.Get, key: longest).Status);
    }

    [Theory]
    [InlineData("kb3RoZXI=")] // another key
    [InlineData("kname")] // as it is, and so no base64 of it
    [InlineData("kbmFtZQ==bmFtZQ==")]
    [InlineData("kbmFtZQ=*")]
    [InlineData("kbmFtZXM=")] // it only begins with ours
    public void A_base64_key_that_is_not_ours_is_refused(string flag) =>
        Assert.Throws<InvalidDataException>(() => Match($"HD s3 c9 f0 t30 {flag} b O7", RequestKind.Get));

    [Fact]
    public void A_base64_key_that_is_longer_than_any_key_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Match($"HD s3 c9 f0 t30 k{Base64(new string('k', 300))} b O7", RequestKind.Get, key: new string('k', MemcacheKey.MaxBytes)));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private static MemcacheReply Match(string text, RequestKind kind, string version = NamesMisses, string key = "name")
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        Assert.True(ReplyLine.TryParse(bytes, out ReplyLine line), text);
        var request = new PendingRequest();
        request.Begin(kind, MemcacheFixture.Key(key), opaque: 7, queuedAt: 0, blocking: false);
        var server = new MemcacheServerInfo(Version.Parse(version), MemcacheServerInfo.DefaultItemSizeMax, null, TimeSpan.Zero, 0);
        return ReplyMatcher.Match(line, bytes, request, server, Epoch);
    }
}
