using System.Globalization;
using CascadeCache.Entries;

namespace CascadeCache.Tests.Entries;

public sealed class KeyCacheTests
{
    private readonly KeyCache _keys = new("prefix.", scope: 7);

    [Fact]
    public void A_key_that_comes_again_is_not_built_again() => Assert.Same(_keys.Of("one"), _keys.Of(new string("one")));

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData("prefix.one")]
    [InlineData("\0\uD800")]
    public void It_is_the_key_that_would_have_been_built(string text)
    {
        for (int time = 0; time < 2; time++)
        {
            CacheKey key = _keys.Of(text);
            var built = new CacheKey("prefix." + text, scope: 7);
            Assert.Equal((built.Text, built.Fingerprint, built.DurableName), (key.Text, key.Fingerprint, key.DurableName));
            Assert.True(built.VolatileName.Span.SequenceEqual(key.VolatileName.Span));
        }
    }

    [Fact]
    public void Among_many_more_than_it_remembers_each_is_its_own()
    {
        string[] texts = [.. Enumerable.Range(0, 4 * KeyCache.Places).Select(static i => $"key-{i}")];
        for (int round = 0; round < 2; round++)
        {
            Assert.All(texts, text => Assert.Equal("prefix." + text, _keys.Of(text).Text));
        }
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("key-{0:D9}")]
    [InlineData("{0:D9}-key")]
    [InlineData("user:{0:D6}:a-long-name-of-what-is-kept-of-the-user")]
    [InlineData("{0:X8}")]
    public void Of_a_thousand_keys_that_are_counted_nearly_all_are_remembered(string format)
    {
        string[] texts = [.. Enumerable.Range(0, 1000).Select(i => string.Format(CultureInfo.InvariantCulture, format, i))];
        CacheKey[] built = [.. texts.Select(_keys.Of)];

        Assert.InRange(texts.Where((text, i) => ReferenceEquals(built[i], _keys.Of(text))).Count(), 940, 1000); // where three meet in two places, each is always built
    }

    [Fact]
    public async Task Threads_that_meet_in_a_place_get_their_own()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(static i => $"key-{i}")];
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), TestContext.Current.CancellationToken, (thread, _) =>
        {
            var random = new Random(thread);
            for (int i = 0; i < 20_000; i++)
            {
                string text = texts[random.Next(texts.Length)];
                Assert.Equal("prefix." + text, _keys.Of(text).Text);
            }

            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public void A_long_key_is_not_kept()
    {
        string text = new('x', KeyCache.LongestKept + 1);

        Assert.NotSame(_keys.Of(text), _keys.Of(text));
        Assert.Same(_keys.Of(text[1..]), _keys.Of(text[1..]));
    }
}
