using System.Buffers;
using CascadeCache.Contract.Tests.Outages;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Contract.Tests.LentValues;

/// <summary>HybridCache takes its buffers from the shared pool and gives them back as soon as a call has ended: whoever else rents them writes over them at once.</summary>
public sealed class HybridCacheTests
{
    private const int Writers = 8;
    private const int ValuesEach = 25;

    private static readonly int[] Sizes = [3, 100, 1000, 4000, 20_000, 70_000, 300_000];

    [Theory, InlineData(false), InlineData(true)]
    public async Task Its_buffers_are_free_when_a_call_has_ended(bool compresses)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync(options => options.CompressionThresholdBytes = compresses ? 500 : 0);
        await StoreAsync(cache);

        long hits = cache.GetStatistics().MemcacheHits;
        Assert.Equal(0, await WrongAsync(cache));
        Assert.Equal(Writers * ValuesEach, cache.GetStatistics().MemcacheHits - hits);
        Assert.Equal(0, cache.GetStatistics().RejectedPayloads);
    }

    [Fact]
    public async Task A_cache_that_uses_them_later_is_found_out()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        var late = new LateCache(await servers.NewCacheAsync());
        await StoreAsync(late);
        await late.StoreNowAsync();

        Assert.NotEqual(0, await WrongAsync(late));
    }

    private static async Task StoreAsync(IDistributedCache cache)
    {
        await using ServiceProvider services = Services(cache);
        HybridCache hybrid = services.GetRequiredService<HybridCache>();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(
            async () =>
            {
                for (int number = 0; number < ValuesEach; number++)
                {
                    byte[] value = ValueOf(writer, number);
                    await hybrid.SetAsync(NameOf(writer, number), value, cancellationToken: OutageFixture.Token);
                    SpoilThePool(value.Length);
                }
            },
            OutageFixture.Token)));
    }

    /// <summary>How many values another process finds that are not what was stored.</summary>
    private static async Task<int> WrongAsync(IDistributedCache cache)
    {
        await using ServiceProvider services = Services(cache);
        HybridCache hybrid = services.GetRequiredService<HybridCache>();
        int wrong = 0;
        foreach (int writer in Enumerable.Range(0, Writers))
        {
            foreach (int number in Enumerable.Range(0, ValuesEach))
            {
                byte[] read = await hybrid.GetOrCreateAsync(
                    NameOf(writer, number), static _ => ValueTask.FromResult(Array.Empty<byte>()), new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableDistributedCacheWrite }, cancellationToken: OutageFixture.Token);
                SpoilThePool(read.Length);
                wrong += read.AsSpan().SequenceEqual(ValueOf(writer, number)) ? 0 : 1;
            }
        }

        return wrong;
    }

    private static ServiceProvider Services(IDistributedCache cache)
    {
        var services = new ServiceCollection();
        services.AddSingleton(cache);
        services.AddHybridCache();
        return services.BuildServiceProvider();
    }

    // Whatever was given back by now belongs to somebody else, who writes to it.
    private static void SpoilThePool(int length)
    {
        foreach (int size in (int[])[length, length + 100, 2 * length])
        {
            byte[][] rented = [.. Enumerable.Range(0, 3).Select(_ => ArrayPool<byte>.Shared.Rent(size))];
            foreach (byte[] array in rented)
            {
                Array.Fill(array, (byte)0xDB);
                ArrayPool<byte>.Shared.Return(array);
            }
        }
    }

    private static string NameOf(int writer, int number) => $"{writer}/{number}";

    private static byte[] ValueOf(int writer, int number) => Entries.Bytes(Sizes[number % Sizes.Length] + number, (writer * 31) + number);
}
