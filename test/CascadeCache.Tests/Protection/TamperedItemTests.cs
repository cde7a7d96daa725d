using System.Security.Cryptography;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tests.Flow;

namespace CascadeCache.Tests.Protection;

/// <summary>What somebody who can write to memcached does to it: every attempt is rejected, counted, and repaired from the store in the same read; with memcached alone it is missing.</summary>
public sealed class TamperedItemTests : IAsyncDisposable
{
    private const string Mine = "mine";
    private const string Evil = "evil";

    private readonly ProtectedWorld _world = new();
    private byte[] _genuine = [];

    public enum Attempt
    {
        PlainValue,
        PlainCompressedValue,
        PlainAbsentMarker,
        PlainBypassMarker,
        SealedOnAnotherRing,
        SealedWithAnotherKeyUnderOurWrappedKey,
        ItemOfAnotherKey,
        ItemOfAnotherPrefix,
        ItemOfAnotherScope,
        ItemOfAnotherHashedKey,
        AbsentMarkerOfAnotherKey,
        UnknownWrappedKey,
        NoWrappedKey,
        Noise,
    }

    public static TheoryData<Attempt> Attempts => [.. Enum.GetValues<Attempt>()];

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory, MemberData(nameof(Attempts))]
    public async Task It_is_rejected_counted_and_repaired_in_the_same_read(Attempt attempt)
    {
        FlowProcess writer = await StartAsync();
        FlowProcess reader = _world.Start();
        await PlantAsync(attempt, writer);

        Assert.Equal(Mine, await reader.GetAsync());

        Assert.Equal((1, 1, 0), (reader.Count(Counter.RejectedPayloads), reader.Count(Counter.DatastoreHits), reader.Count(Counter.MemcacheHits)));
        Assert.Equal(1, reader.Log.Count(3));
        Assert.Equal(Mine, await writer.GetAsync());
        Assert.Equal((0, 1), (writer.Count(Counter.RejectedPayloads), writer.Count(Counter.MemcacheHits)));
    }

    [Theory, MemberData(nameof(Attempts))]
    public async Task A_refresh_a_set_and_a_removal_are_not_misled_either(Attempt attempt)
    {
        FlowProcess writer = await StartAsync();
        await PlantAsync(attempt, writer);
        await writer.RefreshAsync();
        Assert.Equal(Mine, await writer.GetAsync());
        Assert.Equal(1, writer.Count(Counter.RejectedPayloads));

        await PlantAsync(attempt, writer);
        await writer.SetAsync("new");
        Assert.Equal("new", await writer.GetAsync());

        await PlantAsync(attempt, writer);
        await writer.RemoveAsync();
        Assert.Null(await writer.GetAsync());
        Assert.Equal(1, writer.Count(Counter.RejectedPayloads));
    }

    [Theory, MemberData(nameof(Attempts))]
    public async Task With_memcached_alone_it_is_counted_and_missing(Attempt attempt)
    {
        FlowProcess process = await StartAsync(CascadeBackends.Memcache);
        await PlantAsync(attempt, process);

        Assert.Null(await process.GetAsync());
        Assert.Equal((1, 1), (process.Count(Counter.RejectedPayloads), process.Count(Counter.MemcacheMisses)));
        await process.SetAsync(Mine);
        Assert.Equal(Mine, await process.GetAsync());
    }

    [Fact]
    public async Task Every_bit_of_an_item_counts()
    {
        FlowProcess reader = await StartAsync();
        for (int bit = 0; bit < _genuine.Length * 8; bit++)
        {
            byte[] flipped = [.. _genuine];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            _world.Plant(flipped);
            Assert.Equal(Mine, await reader.GetAsync());
        }

        Assert.Equal(_genuine.Length * 8, reader.Count(Counter.RejectedPayloads));
        Assert.Equal(0, reader.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task An_item_that_is_cut_off_anywhere_or_goes_on_is_rejected()
    {
        FlowProcess reader = await StartAsync();
        for (int length = 1; length <= _genuine.Length + 1; length++)
        {
            byte[] cut = new byte[length];
            _genuine.AsSpan(0, Math.Min(length, _genuine.Length)).CopyTo(cut);
            _world.Plant(cut);
            Assert.Equal(Mine, await reader.GetAsync());
        }

        Assert.Equal((_genuine.Length, 1), (reader.Count(Counter.RejectedPayloads), reader.Count(Counter.MemcacheHits)));
    }

    [Fact]
    public async Task A_forged_item_is_not_given_back_after_a_write_that_failed()
    {
        FlowProcess writer = await StartAsync();
        await PlantAsync(Attempt.PlainValue, writer);
        _world.World.Durable.Script.Next(Commands.Commit, DurableFate.Rejected);

        await Assert.ThrowsAsync<CascadeRejectedException>(() => writer.SetAsync("new"));

        Assert.Null(_world.World.Stored);
        Assert.Equal(Mine, await writer.GetAsync());
    }

    [Fact]
    public async Task A_seal_that_takes_plain_items_is_caught()
    {
        FlowProcess writer = await StartAsync();
        FlowProcess reader = _world.Start(seal: static seal => new TakesPlain(seal));
        await PlantAsync(Attempt.PlainValue, writer);

        Assert.Equal(Evil, await reader.GetAsync());
    }

    [Fact]
    public async Task A_header_that_is_outside_of_the_seal_is_caught()
    {
        FlowProcess reader = _world.Start(seal: static seal => new HeaderOutside(seal));
        await reader.SetAsync(Mine);
        byte[] item = _world.Stored.Bytes;

        // Whoever knows a value can make it one that is believed for ever, also after it was removed.
        PlainEntry(EntryKind.Value, Mine, EntryLifetime.Never).AsSpan(0, EntryFormat.HeaderSize).CopyTo(item);
        await reader.RemoveAsync();
        _world.Plant(item, seconds: 30_000);
        _world.World.Time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(Mine, await reader.GetAsync());
    }

    private async Task<FlowProcess> StartAsync(CascadeBackends backends = CascadeBackends.Distributed)
    {
        FlowProcess writer = _world.Start(backends);
        await ProtectedWorld.SetOtherAsync(writer, "theirs");
        await writer.SetAsync(Mine);
        _genuine = _world.Stored.Bytes;
        return writer;
    }

    private async Task PlantAsync(Attempt attempt, FlowProcess process)
    {
        CacheKey key = _world.World.Key;
        IItemSeal ours = SealRig.SealOn(_world.Ring, _world.World.Clock);
        byte[] item = attempt switch
        {
            Attempt.PlainValue => PlainEntry(EntryKind.Value, Evil),
            Attempt.PlainAbsentMarker => PlainEntry(EntryKind.Absent, ""),
            Attempt.PlainBypassMarker => PlainEntry(EntryKind.Bypass, "12345678"),
            Attempt.SealedOnAnotherRing => SealRig.Sealed(SealRig.SealOn(new FakeRing(), _world.World.Clock), key, 1),
            Attempt.SealedWithAnotherKeyUnderOurWrappedKey => [.. _genuine[..(3 + _world.Ring.WrappedSize)], .. SealRig.Sealed(SealRig.SealOn(new FakeRing(), _world.World.Clock), key, 1)[(3 + _world.Ring.WrappedSize)..]],
            Attempt.ItemOfAnotherKey => _world.StoredUnder(ProtectedWorld.Other),
            Attempt.ItemOfAnotherPrefix => SealRig.Sealed(ours, new CacheKey("other.abc"), 1),
            Attempt.ItemOfAnotherScope => SealRig.Sealed(ours, new CacheKey(key.Text, 1), 1),
            Attempt.ItemOfAnotherHashedKey => SealRig.Sealed(ours, new CacheKey(new string('x', 300)), 1),
            Attempt.AbsentMarkerOfAnotherKey => SealedMarker(ours, ProtectedWorld.Other),
            Attempt.UnknownWrappedKey => [.. _genuine[..3], .. RandomNumberGenerator.GetBytes(_world.Ring.WrappedSize), .. _genuine[(3 + _world.Ring.WrappedSize)..]],
            Attempt.NoWrappedKey => [0xC2, 0, 0, .. _genuine[(3 + _world.Ring.WrappedSize)..]],
            Attempt.Noise => RandomNumberGenerator.GetBytes(300),
            _ => [],
        };
        if (attempt == Attempt.PlainCompressedValue)
        {
            ForgedCopy.Plant(_world.World, [1, 2, 3], version: long.MaxValue);
        }
        else
        {
            _world.Plant(item);
        }

        await process.Background.WhenIdleAsync();
    }

    private static byte[] SealedMarker(IItemSeal seal, CacheKey key)
    {
        using PooledBytes bytes = seal.TrySeal(key, SealRig.Item(key, default, EntryKind.Absent), out _)!;
        return bytes.Memory.ToArray();
    }

    private byte[] PlainEntry(EntryKind kind, string payload, long until = long.MaxValue - 1)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(payload);
        var entry = new Entry
        {
            Kind = kind,
            Version = long.MaxValue - 1,
            Lifetime = new EntryLifetime(until, 0),
            CopyExpiry = until,
            DurableExpiry = until,
            FreshUntil = until,
            Payload = new(bytes),
        };
        byte[] item = [.. new byte[EntryFormat.HeaderSize], .. bytes];
        EntryFormat.WriteHeader(item, entry, _world.World.Key.Fingerprint);
        return item;
    }
}
