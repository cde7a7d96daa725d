using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;
using static CascadeCache.Tests.Protection.SealRig;

namespace CascadeCache.Tests.Protection;

/// <summary>What goes to the server and what comes back, item by item.</summary>
public sealed class ProtectedServerTests : IDisposable
{
    private const string Name = "session.abc";

    private static readonly LockRecord Lock = LockRecord.Empty(contended: false).With(new Guid(1, 0, 0, new byte[8]), 31);

    private readonly SealRig _rig = new();
    private readonly FakeVolatileServer _store;
    private readonly FakeVolatileTier _tier;
    private readonly ProtectedServer _server;

    public ProtectedServerTests()
    {
        _store = new FakeVolatileServer(_rig.Time);
        _tier = new FakeVolatileTier(_store);
        _server = new ProtectedServer(_tier, _rig.NewSeal());
    }

    public void Dispose()
    {
        Assert.Equal((0, 0), (_rig.Pool.Open, _tier.OpenReads));
        _tier.Dispose();
    }

    [Fact]
    public async Task An_entry_is_stored_sealed_and_comes_back_as_it_was()
    {
        VolatileItem item = Item(Key, new byte[] { 1, 2, 3 });
        VolatileRead lease = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 10, Call);
        lease.Dispose();

        Assert.True((await _server.CompareAndSetAsync(Key, lease.Token, item, Call)).IsDone);
        Assert.True(SealedFormat.IsSealed(_store.Peek(Name)!.Bytes));
        await AssertReadAsync(item);

        Assert.True((await _server.SetAsync(Key, Item(Key, default, EntryKind.Absent), Call)).IsDone);
        await AssertReadAsync(Item(Key, default, EntryKind.Absent));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Flags_are_made_from_the_entry_whatever_the_server_says(bool withValue)
    {
        VolatileItem item = Item(Key, new byte[] { 1, 2, 3 });
        byte[] stored = Sealed(_rig.NewSeal(), Key, 1, 2, 3);
        foreach (uint flags in (uint[])[0, EntryFlags.ForLock, (uint)EntryKind.Absent, uint.MaxValue])
        {
            _store.Plant(Name, stored, flags);
            using VolatileRead read = await _server.ReadAsync(Key, withValue, leaseSeconds: 0, Call);

            Assert.Equal((VolatileStatus.Hit, item.Flags, stored.Length), (read.Status, read.Flags, read.Size));
            Assert.Equal(withValue ? Plain(item) : [], read.Item.ToArray());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_not_sealed_has_neither_flags_nor_bytes(bool withValue)
    {
        VolatileItem plain = Item(Key, new byte[] { 1, 2, 3 });
        byte[][] forged = [Plain(plain), "x"u8.ToArray(), [0xC2], [0xC1], new byte[1000], Sealed(new SealRig().NewSeal(), Key, 1)];
        foreach (byte[] bytes in forged)
        {
            _store.Plant(Name, bytes, plain.Flags);
            using VolatileRead read = await _server.ReadAsync(Key, withValue, leaseSeconds: 0, Call);

            Assert.Equal((VolatileStatus.Hit, 0u, 0, bytes.Length), (read.Status, read.Flags, read.Item.Length, read.Size));
            Assert.NotEqual(0ul, read.Token.Cas);
        }
    }

    [Fact]
    public async Task What_was_sealed_and_is_no_entry_is_rejected()
    {
        // By somebody who has the keys: a lock, or another format of a later version.
        byte[] lockBytes = new byte[Lock.Size];
        Lock.Write(lockBytes);
        ItemSeal seal = _rig.NewSeal();
        foreach (byte[] content in (byte[][])[[.. lockBytes, .. new byte[60]], new byte[100]])
        {
            using (var bytes = seal.TrySeal(Key, new VolatileItem(content, default, EntryFlags.ForLock, 10), out _)!)
            {
                _store.Plant(Name, bytes.Memory.ToArray(), EntryFlags.ForLock);
            }

            using VolatileRead read = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 0, Call);
            Assert.Equal((0u, 0), (read.Flags, read.Item.Length));
        }
    }

    [Fact]
    public async Task Locks_and_placeholders_stay_as_they_are()
    {
        VolatileItem item = CascadeCache.Flow.VolatileItems.ForLock(Lock);
        VolatileRead lease = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 10, Call);
        lease.Dispose();
        Assert.Equal(VolatileStatus.LeaseWon, lease.Status);

        Assert.True((await _server.CompareAndSetAsync(Key, lease.Token, item, Call)).IsDone);
        Assert.Equal(Plain(item), _store.Peek(Name)!.Bytes);
        using VolatileRead read = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 0, Call);
        Assert.True(LockRecord.Read(read.Item.Span, read.SecondsToLive).IsHeldBy(new Guid(1, 0, 0, new byte[8])));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData((uint)EntryKind.Value)]
    [InlineData(EntryFlagsOfLock)]
    public async Task A_lock_is_one_by_its_bytes_or_its_flags(uint flags)
    {
        byte[] bytes = Plain(CascadeCache.Flow.VolatileItems.ForLock(Lock));
        _store.Plant(Name, flags == EntryFlagsOfLock ? "of a later version"u8.ToArray() : bytes, flags);

        using VolatileRead read = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 0, Call);

        Assert.Equal(EntryFlags.ForLock, read.Flags);
        Assert.True(read.Item.Length > 0);
    }

    [Fact]
    public async Task The_largest_item_is_the_servers_less_the_overhead_and_what_is_larger_is_not_sent()
    {
        _store.ItemLimit = 1000;
        int largest = (int)_server.MaxItemBytes(Key);
        Assert.Equal(1000 - SealedFormat.Overhead(_rig.Ring.WrappedSize), largest);

        Assert.True((await _server.SetAsync(Key, Item(Key, new byte[largest - EntryFormat.HeaderSize]), Call)).IsDone);
        Assert.Equal(1000, _store.Peek(Name)!.Bytes.Length);

        VolatileWrite refused = await _server.SetAsync(Key, Item(Key, new byte[largest - EntryFormat.HeaderSize + 1]), Call);
        Assert.Equal(VolatileWriteStatus.Refused, refused.Status);
        Assert.NotNull(_store.Peek(Name)); // the server would have dropped it

        _store.ItemLimit = 10;
        Assert.Equal(0, _server.MaxItemBytes(Key));
    }

    [Fact]
    public async Task Without_a_key_to_seal_with_nothing_is_sent_and_locks_still_are()
    {
        _rig.Ring.IsDown = true;
        VolatileRead lease = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 10, Call);
        lease.Dispose();

        VolatileWrite write = await _server.CompareAndSetAsync(Key, lease.Token, Item(Key, new byte[3]), Call);
        Assert.Equal(VolatileWriteStatus.Refused, write.Status);
        Assert.NotNull(write.Error);
        Assert.True((await _server.CompareAndSetAsync(Key, lease.Token, CascadeCache.Flow.VolatileItems.ForLock(Lock), Call)).IsDone);
    }

    [Fact]
    public async Task What_the_server_does_not_answer_is_passed_on()
    {
        _tier.Cut();

        Assert.Equal(VolatileStatus.Unavailable, (await _server.ReadAsync(Key, withValue: true, leaseSeconds: 10, Call)).Status);
        Assert.Equal(VolatileWriteStatus.Unavailable, (await _server.SetAsync(Key, Item(Key, default), Call)).Status);
        Assert.Equal(_tier.Name, _server.Name);
        Assert.Equal(_tier.MinimumAge, _server.MinimumAge);
        _tier.IsStandIn = true;
        Assert.True(_server.IsStandIn);
    }

    [Fact]
    public async Task A_tier_gives_the_same_server_always_and_tells_when_it_can_be_reached()
    {
        using var tier = new ProtectedTier(_tier, _rig.NewSeal());
        List<IVolatileServer> reachable = [];
        tier.ServerReachable += reachable.Add;

        IVolatileServer server = await tier.FindServerAsync(Key, Call);
        _tier.Heal();

        Assert.IsType<ProtectedServer>(server);
        Assert.Same(server, await tier.FindServerAsync(new CacheKey("other"), Call));
        Assert.Same(server, Assert.Single(reachable));

        tier.Dispose();
        _tier.Heal();
        Assert.Single(reachable);
    }

    private const uint EntryFlagsOfLock = (uint)EntryKind.Lock;

    private static CallContext Call => CallContext.Async(CancellationToken.None);

    private async Task AssertReadAsync(VolatileItem item)
    {
        using VolatileRead read = await _server.ReadAsync(Key, withValue: true, leaseSeconds: 0, Call);
        Assert.Equal((VolatileStatus.Hit, item.Flags), (read.Status, read.Flags));
        Assert.Equal(Plain(item), read.Item.ToArray());
        Assert.True(EntryFormat.TryRead(read.Item, Key.Fingerprint, out _));
    }
}
