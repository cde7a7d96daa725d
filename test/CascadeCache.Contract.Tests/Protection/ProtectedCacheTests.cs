using System.Security.Cryptography;
using CascadeCache.Contract.Tests.Outages;
using CascadeCache.Entries;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Contract.Tests.Protection;

/// <summary>Protected values on a real memcached, with the real Data Protection, and somebody who writes to the server past the cache.</summary>
public sealed class ProtectedCacheTests : IAsyncDisposable
{
    private const string Mine = OutageFixture.Prefix + "mine";
    private const string Theirs = OutageFixture.Prefix + "theirs";
    private static readonly byte[] Value = [1, 2, 3, 4, 5, 6, 7, 8];

    private readonly string _ring = Directory.CreateTempSubdirectory("ring").FullName;
    private readonly List<ServiceProvider> _providers = [];

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider provider in _providers)
        {
            await provider.DisposeAsync();
        }

        Directory.Delete(_ring, recursive: true);
    }

    public static TheoryData<CascadeBackends, CallStyle> Ways
    {
        get
        {
            var ways = new TheoryData<CascadeBackends, CallStyle>();
            foreach (CascadeBackends backends in (CascadeBackends[])[CascadeBackends.Distributed, CascadeBackends.Memcache])
            {
                foreach (CallStyle style in Enum.GetValues<CallStyle>())
                {
                    ways.Add(backends, style);
                }
            }

            return ways;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Servers_that_share_a_ring_read_each_others_values_and_nobody_else_reads_them(CascadeBackends backends, CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache one = await NewCacheAsync(servers, _ring, backends);
        CascadeDistributedCache two = await NewCacheAsync(servers, _ring, backends);
        using var intruder = new MemcachedIntruder(servers.Memcached.Port);
        foreach (int size in (int[])[0, 1, 1000, 100_000])
        {
            byte[] value = RandomNumberGenerator.GetBytes(size);
            await one.SetAsync(style, "mine", value);
            Assert.Equal(value, await two.GetAsync(style, "mine"));
            Assert.Equal(value, await one.GetAsync(style, "mine"));

            byte[] stored = await intruder.ReadAsync(Mine);
            Assert.Equal(0xC2, stored[0]);
            Assert.True(size < 16 || stored.AsSpan().IndexOf(value.AsSpan(0, 16)) < 0);
        }

        await two.RefreshAsync(style, "mine");
        await two.RemoveAsync(style, "mine");
        Assert.Null(await one.GetAsync(style, "mine"));
        Assert.Equal((0, 0), (one.GetStatistics().RejectedPayloads, two.GetStatistics().RejectedPayloads));
        Assert.Equal(4, two.GetStatistics().MemcacheHits);
    }

    [Theory]
    [InlineData(CallStyle.Async)]
    [InlineData(CallStyle.Sync)]
    public async Task Whatever_is_put_there_is_rejected_counted_and_repaired_in_the_same_read(CallStyle style)
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await NewCacheAsync(servers, _ring);
        CascadeDistributedCache plain = await servers.NewCacheAsync();
        using var intruder = new MemcachedIntruder(servers.Memcached.Port);
        await cache.SetAsync(style, "theirs", 9, 9, 9);
        await cache.SetAsync(style, "mine", Value);
        byte[] genuine = await intruder.ReadAsync(Mine);

        // What an application without protection would store there: everything but the seal is right.
        await plain.SetAsync(style, "mine", 6, 6, 6);
        byte[] forgedValue = await intruder.ReadAsync(Mine);
        await plain.RemoveAsync(style, "mine");
        byte[] forgedAbsence = await intruder.ReadAsync(Mine);
        await cache.SetAsync(style, "mine", Value);

        List<byte[]> attempts = [forgedValue, forgedAbsence, await intruder.ReadAsync(Theirs), [0xC2], "x"u8.ToArray(), RandomNumberGenerator.GetBytes(1000), new byte[900_000]];
        attempts.AddRange(Enumerable.Range(1, genuine.Length - 1).Select(length => genuine[..length]));
        for (int i = 0; i < genuine.Length; i++)
        {
            byte[] flipped = [.. genuine];
            flipped[i] ^= (byte)(1 << (i % 8));
            attempts.Add(flipped);
        }

        CascadeCacheStatistics before = cache.GetStatistics();
        foreach (byte[] attempt in attempts)
        {
            await intruder.PlantAsync(Mine, attempt);
            Assert.Equal(Value, await cache.GetAsync(style, "mine"));
        }

        CascadeCacheStatistics after = cache.GetStatistics();
        Assert.Equal(attempts.Count, after.RejectedPayloads - before.RejectedPayloads);
        Assert.Equal(attempts.Count, after.DatastoreReads - before.DatastoreReads);
        Assert.Equal(before.MemcacheHits, after.MemcacheHits);
        Assert.Equal(Value, await cache.GetAsync(style, "mine"));
        Assert.Equal(before.MemcacheHits + 1, cache.GetStatistics().MemcacheHits);
    }

    [Fact]
    public async Task Without_protection_the_same_intruder_has_his_way()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await servers.NewCacheAsync();
        await cache.SetAsync(CallStyle.Async, "mine", Value);

        // He knows the format, so the checksum is no obstacle; he need not even write it himself.
        CascadeDistributedCache his = await servers.NewCacheAsync(static options => options.Backends = CascadeBackends.Memcache);
        await his.SetAsync(CallStyle.Async, "mine", 6, 6, 6);

        Assert.Equal([6, 6, 6], await cache.GetAsync(CallStyle.Async, "mine"));
    }

    [Fact]
    public async Task A_server_with_another_ring_rejects_and_repairs()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache ours = await NewCacheAsync(servers, _ring);
        string other = Directory.CreateTempSubdirectory("ring").FullName;
        try
        {
            CascadeDistributedCache foreign = await NewCacheAsync(servers, other);
            await ours.SetAsync(CallStyle.Async, "mine", Value);

            Assert.Equal(Value, await foreign.GetAsync(CallStyle.Async, "mine"));
            Assert.Equal(Value, await foreign.GetAsync(CallStyle.Async, "mine"));
            Assert.Equal((1, 1), (foreign.GetStatistics().RejectedPayloads, foreign.GetStatistics().MemcacheHits));
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }
    }

    [Fact]
    public async Task What_was_sealed_under_a_ring_key_that_was_revoked_is_rejected_and_repaired()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache writer = await NewCacheAsync(servers, _ring);
        await writer.SetAsync(CallStyle.Async, "mine", Value);

        ServiceProvider administration = NewProvider(_ring);
        IKeyManager ring = administration.GetRequiredService<IKeyManager>();
        ring.RevokeAllKeys(TimeProvider.System.GetUtcNow(), "known to others");

        // A process that reads the ring now; one that runs already learns of it as Data Protection does.
        CascadeDistributedCache reader = await NewCacheAsync(servers, _ring);
        Assert.Equal(Value, await reader.GetAsync(CallStyle.Async, "mine"));
        Assert.Equal(Value, await reader.GetAsync(CallStyle.Async, "mine"));
        Assert.Equal((1, 1), (reader.GetStatistics().RejectedPayloads, reader.GetStatistics().MemcacheHits));
    }

    [Fact]
    public async Task An_item_under_an_older_ring_key_is_read()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache writer = await NewCacheAsync(servers, _ring);
        await writer.SetAsync(CallStyle.Async, "mine", Value);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        NewProvider(_ring).GetRequiredService<IKeyManager>().CreateNewKey(now, now + TimeSpan.FromDays(365));

        CascadeDistributedCache reader = await NewCacheAsync(servers, _ring);

        Assert.Equal(Value, await reader.GetAsync(CallStyle.Async, "mine"));
        Assert.Equal((0, 1), (reader.GetStatistics().RejectedPayloads, reader.GetStatistics().MemcacheHits));
    }

    [Fact]
    public async Task A_value_that_fits_without_the_seal_only_is_kept_in_Datastore_and_the_largest_that_fits_with_it_is_not()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache cache = await NewCacheAsync(servers, _ring);
        await cache.SetAsync(CallStyle.Async, "mine", Value);
        using var intruder = new MemcachedIntruder(servers.Memcached.Port);
        int overhead = (await intruder.ReadAsync(Mine)).Length - Value.Length;
        Assert.Equal(EntryFormat.HeaderSize + 163, overhead); // as README says, with Data Protection's defaults
        CascadeDistributedCache plain = await servers.NewCacheAsync();
        int unprotected = await LargestAsync(plain);
        int largest = unprotected + EntryFormat.HeaderSize - overhead;

        foreach ((int size, int bypasses) in ((int, int)[])[(largest, 0), (largest + 1, 1), (unprotected, 2)])
        {
            byte[] value = new byte[size];
            value[^1] = 7;
            await cache.SetAsync(CallStyle.Async, "mine", value);
            Assert.Equal(bypasses, cache.GetStatistics().Bypasses);
            byte[]? read = await cache.GetAsync(CallStyle.Async, "mine");
            Assert.True(value.AsSpan().SequenceEqual(read), "another value was read");
        }
    }

    [Fact]
    public async Task Values_survive_a_change_of_the_process_key()
    {
        await using OutageFixture servers = await OutageFixture.StartAsync();
        CascadeDistributedCache writer = await NewCacheAsync(servers, _ring, CascadeBackends.Memcache);
        CascadeDistributedCache reader = await NewCacheAsync(servers, _ring, CascadeBackends.Memcache);
        using var intruder = new MemcachedIntruder(servers.Memcached.Port);
        await writer.SetAsync(CallStyle.Async, "mine", Value);
        byte[] first = await intruder.ReadAsync(Mine);
        servers.Clock.Advance(TimeSpan.FromHours(5));
        await writer.SetAsync(CallStyle.Async, "theirs", 9);
        byte[] later = await intruder.ReadAsync(Theirs);

        Assert.NotEqual(first[3..100], later[3..100]);
        Assert.Equal(Value, await reader.GetAsync(CallStyle.Async, "mine"));
        Assert.Equal([9], await reader.GetAsync(CallStyle.Async, "theirs"));
        Assert.Equal(0, reader.GetStatistics().RejectedPayloads);
    }

    // What a cache without protection can put there under the same key.
    private static async Task<int> LargestAsync(CascadeDistributedCache plain)
    {
        var server = await plain.Parts.VolatileTier!.FindServerAsync(new CacheKey(Mine), Primitives.CallContext.Async(OutageFixture.Token));
        return (int)Math.Min(server.MaxItemBytes(new CacheKey(Mine)) - EntryFormat.HeaderSize, CascadeCacheOptions.DefaultMaxMemcacheSessionSizeBytes);
    }

    private Task<CascadeDistributedCache> NewCacheAsync(OutageFixture servers, string ring, CascadeBackends backends = CascadeBackends.Distributed)
    {
        var protection = NewProvider(ring).GetRequiredService<IDataProtectionProvider>();
        return servers.NewCacheAsync(options => (options.Backends, options.ProtectValues, options.DataProtection) = (backends, true, protection));
    }

    private ServiceProvider NewProvider(string ring)
    {
        ServiceProvider provider = new ServiceCollection()
            .AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(ring)).SetApplicationName("contract").Services
            .BuildServiceProvider();
        _providers.Add(provider);
        return provider;
    }
}
