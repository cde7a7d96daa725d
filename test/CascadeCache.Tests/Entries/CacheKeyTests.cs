using System.Text;
using CascadeCache.Entries;
using CsCheck;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class CacheKeyTests
{
    private static readonly string[] Peculiar = ["", "__", "__a__", "#sha256:", "#sha256:abc", "a b", "a", "\0"];

    private static readonly Gen<string> AnyText = Gen.OneOf(
        Gen.String,
        Gen.String[Gen.Char['\u0021', '\u007e'], 0, 260],
        Gen.String[Gen.Char['\ud7f0', '\ue010'], 0, 6],
        Gen.Int[0, 7].Select(i => Peculiar[i]));

    [Theory]
    [InlineData("session.abc")]
    [InlineData("!~")]
    [InlineData("__x__")]
    public void A_printable_key_goes_to_memcached_as_it_is(string text) => Assert.Equal(text, VolatileName(text));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("a\u007f")]
    [InlineData("é")]
    [InlineData("#sha256:abc")]
    public void A_key_that_memcached_cannot_hold_is_hashed(string text)
    {
        string name = VolatileName(text);

        Assert.StartsWith("#sha256:", name, StringComparison.Ordinal);
        Assert.Equal("#sha256:".Length + 43, name.Length);
        Assert.NotEqual(text, name);
    }

    [Fact]
    public void The_limits_are_exact()
    {
        Assert.Equal(250, new CacheKey(new string('x', 250)).VolatileName.Length);
        Assert.StartsWith("#sha256:", VolatileName(new string('x', 251)), StringComparison.Ordinal);
        Assert.False(new CacheKey(new string('x', 1500)).IsDurableNameHashed);
        Assert.True(new CacheKey(new string('x', 1501)).IsDurableNameHashed);
        Assert.False(new CacheKey(new string('é', 750)).IsDurableNameHashed);
        Assert.True(new CacheKey(new string('é', 751)).IsDurableNameHashed);
    }

    [Theory]
    [InlineData("__a__", true)]
    [InlineData("____", true)]
    [InlineData("__", true)]
    [InlineData("__a_", false)]
    [InlineData("_a__", false)]
    [InlineData("a b\n", false)]
    [InlineData("é\U0001F600", false)]
    [InlineData("", true)]
    [InlineData("#sha256:", true)]
    public void Datastore_gets_a_hash_only_for_what_it_cannot_hold(string text, bool hashed)
    {
        var key = new CacheKey(text);

        Assert.Equal(hashed, key.IsDurableNameHashed);
        Assert.Equal(!hashed, key.DurableName == text);
    }

    [Fact]
    public void Unpaired_surrogates_stay_apart()
    {
        string[] names = [.. new[] { "\ud800", "\ud801", "\udc00", "\ufffd" }.Select(t => new CacheKey(t).DurableName)];

        // Not as test data: an attribute holds UTF-8, which has no such text.
        Assert.All(names.Take(3), n => Assert.StartsWith("#sha256:", n, StringComparison.Ordinal));
        Assert.True(new CacheKey("x\ud800x").IsDurableNameHashed);
        Assert.Equal(4, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_text_that_looks_like_the_hash_of_another_key_does_not_meet_it()
    {
        var hashed = new CacheKey("a key with blanks");
        var impostor = new CacheKey(Encoding.ASCII.GetString(hashed.VolatileName.Span));

        Assert.False(hashed.VolatileName.Span.SequenceEqual(impostor.VolatileName.Span));
        Assert.NotEqual(new CacheKey("").DurableName, new CacheKey(new CacheKey("").DurableName).DurableName);
    }

    [Fact]
    public void Every_name_is_one_that_its_tier_accepts() => AnyText.Sample(text =>
    {
        var key = new CacheKey(text);
        Assert.InRange(key.VolatileName.Length, 1, 250);
        Assert.True(key.VolatileName.Span.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) < 0);
        Assert.InRange(new UTF8Encoding(false, true).GetByteCount(key.DurableName), 1, 1500);
        Assert.False(key.DurableName.StartsWith("__", StringComparison.Ordinal) && key.DurableName.EndsWith("__", StringComparison.Ordinal));
    });

    [Fact]
    public void Different_texts_have_different_names_and_fingerprints() => Gen.Select(AnyText, AnyText).Sample((a, b) =>
    {
        bool same = string.Equals(a, b, StringComparison.Ordinal);
        var (first, second) = (new CacheKey(a), new CacheKey(b));
        Assert.Equal(same, first.VolatileName.Span.SequenceEqual(second.VolatileName.Span));
        Assert.Equal(same, string.Equals(first.DurableName, second.DurableName, StringComparison.Ordinal));
        Assert.Equal(same, first.Fingerprint == second.Fingerprint);
    });

    [Fact]
    public void Caches_of_different_scope_have_different_fingerprints_for_one_text() =>
        Assert.NotEqual(new CacheKey("k", 1).Fingerprint, new CacheKey("k", 2).Fingerprint);

    private static string VolatileName(string text) => Encoding.ASCII.GetString(new CacheKey(text).VolatileName.Span);
}
