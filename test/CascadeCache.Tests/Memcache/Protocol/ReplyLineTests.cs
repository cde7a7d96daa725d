using System.Text;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class ReplyLineTests
{
    [Theory]
    [InlineData("VA 5", nameof(ReplyCode.Value))]
    [InlineData("HD", nameof(ReplyCode.Success))]
    [InlineData("EN", nameof(ReplyCode.Miss))]
    [InlineData("NF", nameof(ReplyCode.NotFound))]
    [InlineData("NS", nameof(ReplyCode.NotStored))]
    [InlineData("EX", nameof(ReplyCode.Exists))]
    [InlineData("SERVER_ERROR", nameof(ReplyCode.ServerError))]
    [InlineData("SERVER_ERROR out of memory storing object", nameof(ReplyCode.ServerError))]
    [InlineData("CLIENT_ERROR cannot do it", nameof(ReplyCode.ClientError))]
    [InlineData("ERROR", nameof(ReplyCode.ClientError))]
    [InlineData("ERROR of some kind", nameof(ReplyCode.ClientError))]
    [InlineData("", nameof(ReplyCode.Unknown))]
    [InlineData("  ", nameof(ReplyCode.Unknown))]
    [InlineData("H", nameof(ReplyCode.Unknown))]
    [InlineData("hd", nameof(ReplyCode.Unknown))]
    [InlineData("VX", nameof(ReplyCode.Unknown))]
    [InlineData("XA", nameof(ReplyCode.Unknown))]
    [InlineData("HDX", nameof(ReplyCode.Unknown))]
    [InlineData("VALUE k 0 3", nameof(ReplyCode.Unknown))]
    [InlineData("SERVER_ERRORS", nameof(ReplyCode.Unknown))]
    [InlineData("XX cx Ox", nameof(ReplyCode.Unknown))] // what follows an unknown word has no meaning
    public void A_line_begins_with_its_code(string line, string code) => Assert.Equal(code, Parsed(line).Code.ToString());

    [Fact]
    public void Every_flag_that_was_asked_for_is_read()
    {
        Line line = Parsed("VA 5 c18446744073709551615 f4294967295 t30 kname O4294967294 W");

        Assert.Equal((5L, ulong.MaxValue, uint.MaxValue, 30L), (line.Size, line.Cas, line.ClientFlags, line.TimeToLive));
        Assert.Equal(("name", true, 4_294_967_294u), (line.Key, line.HasOpaque, line.Opaque));
        Assert.Equal((true, false, false), (line.IsWon, line.IsTold, line.IsBase64Key));
    }

    [Theory]
    [InlineData("HD Z", false, true, false)]
    [InlineData("HD W", true, false, false)]
    [InlineData("HD b", false, false, true)]
    [InlineData("HD X", false, false, false)]
    [InlineData("HD W Z b X q", true, true, true)]
    public void A_flag_without_a_value_says_one_thing(string text, bool won, bool told, bool base64)
    {
        Line line = Parsed(text);

        Assert.Equal((won, told, base64), (line.IsWon, line.IsTold, line.IsBase64Key));
    }

    [Fact]
    public void What_is_not_said_is_not_there()
    {
        Line line = Parsed("HD");

        Assert.Equal((-1L, 0ul, 0u, -1L, "", false), (line.Size, line.Cas, line.ClientFlags, line.TimeToLive, line.Key, line.HasOpaque));
    }

    [Theory]
    [InlineData("HD s7", 7)]
    [InlineData("HD s0", 0)]
    [InlineData("VA 0", 0)]
    [InlineData("VA 3 s3", 3)]
    public void A_size_is_told_by_the_code_or_by_its_flag(string text, long size) => Assert.Equal(size, Parsed(text).Size);

    [Fact]
    public void An_opaque_of_zero_is_one() => Assert.True(Parsed("HD O0").HasOpaque);

    [Fact]
    public void An_item_that_never_ends_has_a_time_of_minus_one() => Assert.Equal(-1, Parsed("HD t-1").TimeToLive);

    [Theory]
    [InlineData("HD c7 kname O2")]
    [InlineData("HD  c7 kname   O2 ")]
    [InlineData("  HD c7   kname O2   ")]
    public void Runs_of_blanks_count_as_one(string text)
    {
        Line line = Parsed(text);

        Assert.Equal((ReplyCode.Success, 7ul, "name", 2u), (line.Code, line.Cas, line.Key, line.Opaque));
    }

    [Theory]
    [InlineData("VA")]
    [InlineData("VA x")]
    [InlineData("VA 5x")]
    [InlineData("VA -1")]
    [InlineData("VA c5")]
    [InlineData("HD cx")]
    [InlineData("HD c")]
    [InlineData("HD c5x")]
    [InlineData("HD c-1")]
    [InlineData("HD fx")]
    [InlineData("HD f5x")]
    [InlineData("HD f4294967296")]
    [InlineData("HD tx")]
    [InlineData("HD t5x")]
    [InlineData("HD sx")]
    [InlineData("HD s5x")]
    [InlineData("HD s-1")]
    [InlineData("HD Ox")]
    [InlineData("HD O5x")]
    [InlineData("HD O")]
    [InlineData("HD O4294967296")]
    [InlineData("HD cx O1 kname")]
    [InlineData("HD t-2")]
    [InlineData("VA 3 s4")]
    [InlineData("HD O1 O1")]
    public void A_number_that_is_none_or_contradicts_another_is_refused(string text) => Assert.False(ReplyLine.TryParse(Encoding.ASCII.GetBytes(text), out _));

    private static Line Parsed(string text)
    {
        Assert.True(ReplyLine.TryParse(Encoding.ASCII.GetBytes(text), out ReplyLine line), text);
        return new Line(
            line.Code, line.Size, line.Cas, line.ClientFlags, line.TimeToLive, line.IsWon, line.IsTold, line.IsBase64Key, line.HasOpaque, line.Opaque, Encoding.ASCII.GetString(line.Key));
    }

    private sealed record Line(
        ReplyCode Code, long Size, ulong Cas, uint ClientFlags, long TimeToLive, bool IsWon, bool IsTold, bool IsBase64Key, bool HasOpaque, uint Opaque, string Key);
}
