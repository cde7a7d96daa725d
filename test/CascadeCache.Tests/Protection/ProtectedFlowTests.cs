using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tests.Flow;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Protection;

/// <summary>The flow over servers that are not believed: what it does as ever, what an attacker can still do, and for how long.</summary>
public sealed class ProtectedFlowTests : IAsyncDisposable
{
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly ProtectedWorld _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(CascadeBackends.Distributed)]
    [InlineData(CascadeBackends.Memcache)]
    public async Task Processes_on_one_ring_read_each_others_values_from_memcached(CascadeBackends backends)
    {
        (FlowProcess one, FlowProcess two) = (_world.Start(backends), _world.Start(backends));
        await one.SetAsync("a");
        Assert.Equal(("a", "a"), (await one.GetAsync(), await two.GetAsync()));
        await two.SetAsync("b");
        Assert.Equal(("b", "b"), (await one.GetAsync(), await two.GetAsync()));

        Assert.All((FlowProcess[])[one, two], static process => Assert.Equal((2, 0), (process.Count(Counter.MemcacheHits), process.Count(Counter.RejectedPayloads))));
        await one.RemoveAsync();
        Assert.Null(await two.GetAsync());
        Assert.Equal(2, _world.Ring.Protects);
    }

    [Fact]
    public async Task A_process_on_another_ring_rejects_and_repairs()
    {
        (FlowProcess ours, FlowProcess foreign) = (_world.Start(), _world.Start(ring: new FakeRing()));
        await ours.SetAsync("a");

        Assert.Equal("a", await foreign.GetAsync());
        Assert.Equal("a", await foreign.GetAsync());
        Assert.Equal((1, 1), (foreign.Count(Counter.RejectedPayloads), foreign.Count(Counter.MemcacheHits)));
        Assert.Equal("a", await ours.GetAsync());
        Assert.Equal(1, ours.Count(Counter.RejectedPayloads));
    }

    [Fact]
    public async Task Items_from_before_the_protection_are_rejected_and_repaired_and_the_other_way_round()
    {
        (FlowProcess plain, FlowProcess ours) = (_world.StartUnprotected(), _world.Start());
        await plain.SetAsync("a");
        Assert.Equal("a", await ours.GetAsync());
        Assert.Equal(1, ours.Count(Counter.RejectedPayloads));
        Assert.Equal("a", await plain.GetAsync());
        Assert.Equal(1, plain.Count(Counter.RejectedPayloads));

        // Nothing that either of them acknowledges is lost to the other.
        foreach (FlowProcess writer in (FlowProcess[])[ours, plain, ours])
        {
            await writer.SetAsync("b" + writer.Count(Counter.MemcachePublishes));
            Assert.Equal(await plain.GetAsync(), await ours.GetAsync());
        }
    }

    [Fact]
    public async Task Forged_flags_do_not_keep_a_refresh_from_sliding()
    {
        FlowProcess process = _world.Start();
        await SlideUnderForgedFlagsAsync(process);

        Assert.Equal(1, process.Count(Counter.MemcacheSlides));
        Assert.Equal(_world.World.Now + 17 * 60_000, _world.Opened()!.Value.CopyExpiry);
    }

    [Fact]
    public async Task A_server_whose_flags_are_believed_is_caught()
    {
        FlowProcess process = _world.Start(server: static (process, seal) => new BelievesFlags(process.Tier, new ProtectedServer(process.Tier, seal)));
        await SlideUnderForgedFlagsAsync(process);

        Assert.Equal(0, process.Count(Counter.MemcacheSlides));
    }

    [Fact]
    public async Task With_memcached_alone_forged_flags_do_not_keep_a_refresh_from_sliding()
    {
        FlowProcess process = _world.Start(CascadeBackends.Memcache);
        await SlideUnderForgedFlagsAsync(process);

        Assert.Equal(1, process.Count(Counter.MemcacheSlides));
    }

    [Fact]
    public async Task A_refresh_with_nothing_due_is_one_read_and_no_operation_of_the_store()
    {
        FlowProcess process = _world.Start();
        await process.SetAsync("a", Window);
        (int commands, int operations) = (process.Tier.Script.Log.Count, _world.World.Durable.Script.Log.Count);

        await process.RefreshAsync();

        Assert.Equal((commands + 1, operations), (process.Tier.Script.Log.Count, _world.World.Durable.Script.Log.Count));
    }

    [Fact]
    public async Task An_older_item_of_the_same_key_is_believed_until_its_own_end_and_no_longer()
    {
        FlowProcess process = _world.Start();
        var day = new EntryLifetime(_world.World.Now + 86_400_000, 0);
        await process.SetAsync("old", day);
        byte[] old = _world.Stored.Bytes;
        await process.SetAsync("new", day);
        _world.Plant(old, seconds: 30_000);
        Assert.Equal("old", await process.GetAsync());

        // Neither reading it nor sliding or giving it back after a failed write makes it younger.
        _world.World.Time.Advance(process.Settings.MaxStaleness);
        _world.Plant(old, seconds: 30_000);
        Assert.Equal("new", await process.GetAsync());
        Assert.Equal("new", await process.GetAsync());
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(-1, "a")]
    public async Task A_copy_that_has_expired_ends_a_sliding_entry_only_while_it_may_be_believed(int freshMinutes, string? expected)
    {
        FlowProcess process = _world.Start();
        await process.SetAsync("a", Window);
        Entry copy = _world.Opened()!.Value with { CopyExpiry = _world.World.Now - 1, FreshUntil = _world.World.Now + (freshMinutes * 60_000) };
        byte[] header = new byte[EntryFormat.HeaderSize];
        EntryFormat.WriteHeader(header, copy, _world.World.Key.Fingerprint);
        using (var bytes = SealRig.SealOn(_world.Ring, _world.World.Clock).TrySeal(_world.World.Key, new VolatileItem(header, new(copy.Payload.ToArray()), EntryFlags.For(copy), 10), out _)!)
        {
            _world.Plant(bytes.Memory.ToArray());
        }

        Assert.Equal(expected, await process.GetAsync());
    }

    [Fact]
    public async Task A_lock_that_somebody_has_set_or_taken_away_makes_nothing_older_readable()
    {
        (FlowProcess writer, FlowProcess reader) = (_world.Start(), _world.Start());
        await writer.SetAsync("old");
        byte[] old = _world.Stored.Bytes;

        // Between lock and commit, and between commit and publishing: the lock is replaced by the older value, by a lock of somebody else, by nothing.
        foreach (DurableHalf half in Enum.GetValues<DurableHalf>())
        {
            foreach (byte[]? forged in (byte[]?[])[old, ForeignLock(), null])
            {
                string value = $"new {half} {forged?.Length}";
                FakeStop stop = half == DurableHalf.BeforeCommit
                    ? _world.World.Durable.Script.StopBefore(Commands.Commit)
                    : _world.World.Durable.Script.StopAfter(Commands.Commit);
                Task set = writer.SetAsync(value);
                await stop.ReachedAsync();
                Forge(forged);
                stop.Release();
                await set;

                Assert.Equal(value, await reader.GetAsync());
                Assert.Equal(value, await writer.GetAsync());
            }
        }
    }

    [Fact]
    public async Task A_placeholder_of_somebody_else_that_never_ends_is_replaced()
    {
        FlowProcess process = _world.Start();
        await process.SetAsync("a");
        _world.Plant([], flags: 0, seconds: 1_000_000_000);

        Assert.Equal("a", await process.GetAsync());
        Assert.Equal("a", await process.GetAsync());
        Assert.Equal((1, 1), (process.Count(Counter.RejectedPayloads), process.Count(Counter.MemcacheHits)));
    }

    [Fact]
    public async Task While_Data_Protection_fails_everything_works_from_the_store()
    {
        _world.Ring.IsDown = true;
        (FlowProcess writer, FlowProcess reader) = (_world.Start(), _world.Start());
        foreach (string value in (string[])["a", "b"])
        {
            await writer.SetAsync(value);
            Assert.Equal((value, value), (await writer.GetAsync(), await reader.GetAsync()));
            await writer.RefreshAsync();
        }

        await writer.RemoveAsync();
        Assert.Null(await reader.GetAsync());

        _world.Ring.IsDown = false;
        _world.World.Time.Advance(writer.Settings.LockTime + TimeSpan.FromSeconds(2));
        writer.Tier.Heal(); // what could not be published is looked after
        await writer.Background.WhenIdleAsync();
        await writer.SetAsync("c");
        Assert.Equal("c", await reader.GetAsync());
        Assert.Equal(1, reader.Count(Counter.MemcacheHits));
    }

    [Fact]
    public async Task With_memcached_alone_a_value_that_cannot_be_sealed_is_an_exception()
    {
        _world.Ring.IsDown = true;
        FlowProcess process = _world.Start(CascadeBackends.Memcache);

        var error = await Assert.ThrowsAsync<CascadeUnavailableException>(() => process.SetAsync("a"));

        Assert.IsType<System.Security.Cryptography.CryptographicException>(error.InnerException);
        Assert.Null(await process.GetAsync());
    }

    [Theory]
    [InlineData(CascadeBackends.Distributed)]
    [InlineData(CascadeBackends.Memcache)]
    public async Task The_overhead_counts_against_the_servers_limit(CascadeBackends backends)
    {
        int overhead = SealedFormat.Overhead(_world.Ring.WrappedSize) + EntryFormat.HeaderSize;
        _world.World.Server.ItemLimit = overhead + 10;
        FlowProcess process = _world.Start(backends);

        await process.SetAsync(new string('a', 10));
        Assert.Equal(overhead + 10, _world.Stored.Bytes.Length);
        if (backends == CascadeBackends.Memcache)
        {
            var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => process.SetAsync(new string('a', 11)));
            Assert.Equal((11, 10), (error.Size, error.Limit));
            Assert.Equal(new string('a', 10), await process.GetAsync());
            return;
        }

        await process.SetAsync(new string('a', 11));
        Assert.Equal(EntryKind.Bypass, _world.Opened()!.Value.Kind);
        Assert.Equal(new string('a', 11), await process.GetAsync());
        Assert.Equal(1, process.Count(Counter.BypassesOverServerLimit));
    }

    [Fact]
    public async Task What_a_write_replaces_is_told_to_the_store_as_large_as_it_is()
    {
        _world.World.Server.ItemLimit = 1000;
        FlowProcess process = _world.Start();
        foreach ((int size, int replaced) in ((int, int)[])[(5, 0), (5000, 5), (7, 5000)])
        {
            await process.SetAsync(new string('a', size));
            Assert.Equal(replaced, _world.World.Durable.ReplacedBytes);
        }
    }

    private async Task SlideUnderForgedFlagsAsync(FlowProcess process)
    {
        await process.SetAsync("a", Window);
        _world.World.Time.Advance(TimeSpan.FromMinutes(2));
        _world.Plant(_world.Stored.Bytes, flags: (uint)EntryKind.Value, seconds: 3000); // nothing slides, they say
        await process.RefreshAsync();
    }

    private void Forge(byte[]? item)
    {
        if (item is null)
        {
            _world.World.Server.Evict(ProtectedWorld.Name);
        }
        else
        {
            _world.Plant(item, item[0] == EntryFormat.FormatVersion ? EntryFlags.ForLock : (uint)EntryKind.Value, seconds: 30);
        }
    }

    private static byte[] ForeignLock() => SealRig.Plain(VolatileItems.ForLock(LockRecord.Empty(contended: false).With(new Guid(99, 0, 0, new byte[8]), 20)));

    private enum DurableHalf
    {
        BeforeCommit,
        AfterCommit,
    }
}
