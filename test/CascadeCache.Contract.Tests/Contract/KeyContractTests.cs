namespace CascadeCache.Contract.Tests;

/// <summary>Any string is a key, and no two strings are the same key.</summary>
public sealed class KeyContractTests(Servers servers)
{
    private static readonly string[] Keys =
    [
        "", " ", "key", "Key", " key", "key ", "key\t", "a b", "0b1c54a8-5b3c-4f0e-9d7e-2d1f6a1b2c3d",
        "line\r\nget x\r\n", "nul\0nul", "nul", "\u007f", "ключ", "鍵", "e\u0301", "\u00e9", "😀", "\ud800", "\udfff", "\ufffd",
        "__reserved__", "#sha256:abc", new string('k', 250), new string('k', 251), new string('k', 1500), new string('k', 1501),
        new string('k', 5000), new string('k', 5000) + "2", new string('é', 800), "%", "'", "\"", "\\", "../..", "noreply",
    ];

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Every_key_keeps_its_own_value(Backend backend, CallStyle style)
    {
        await using CacheUnderTest cache = await CacheUnderTest.StartAsync(servers, backend, style);
        for (int i = 0; i < Keys.Length; i++)
        {
            await cache.SetAsync(Keys[i], BitConverter.GetBytes(i));
        }

        for (int i = 0; i < Keys.Length; i++)
        {
            Assert.Equal(BitConverter.GetBytes(i), await cache.GetAsync(Keys[i]));
            await cache.RefreshAsync(Keys[i]);
            Assert.Equal(BitConverter.GetBytes(i), await cache.GetAsync(Keys[i]));
        }

        for (int i = 0; i < Keys.Length; i++)
        {
            await cache.RemoveAsync(Keys[i]);
            Assert.Null(await cache.GetAsync(Keys[i]));
            Assert.Equal(Keys.Length - i - 1, await CountAsync(cache));
        }
    }

    [Theory, MemberData(nameof(Combinations.All), MemberType = typeof(Combinations))]
    public async Task Prefixes_keep_caches_apart(Backend backend, CallStyle style)
    {
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style);
        await one.SetAsync("key", [1]);

        Assert.Null(await other.GetAsync("key"));
        await other.RemoveAsync("key");
        Assert.Equal([1], await one.GetAsync("key"));
    }

    [Theory, MemberData(nameof(Combinations.Both), MemberType = typeof(Combinations))]
    public async Task Kinds_keep_caches_apart_even_with_one_prefix(Backend backend, CallStyle style)
    {
        string prefix = Guid.NewGuid().ToString("N");
        await using CacheUnderTest one = await CacheUnderTest.StartAsync(servers, backend, style, prefix: prefix);
        await using CacheUnderTest other = await CacheUnderTest.StartAsync(servers, backend, style, options => options.Datastore.Kind = "Other", prefix: prefix);
        await one.SetAsync("key", [1]);

        Assert.Null(await other.GetAsync("key"));
    }

    private static async Task<int> CountAsync(CacheUnderTest cache)
    {
        int count = 0;
        foreach (string key in Keys)
        {
            count += await cache.GetAsync(key) is null ? 0 : 1;
        }

        return count;
    }
}
