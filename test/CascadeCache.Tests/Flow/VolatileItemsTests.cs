using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Flow;

/// <summary>How long an item stays on its server, and which values become a marker.</summary>
public sealed class VolatileItemsTests : IAsyncDisposable
{
    private const int FiveYears = 5 * 365 * 24 * 60 * 60;

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _process;

    public VolatileItemsTests() => _process = _world.Start(o => o.MaxMemcacheSessionSizeBytes = 8);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(10_000, 10_000, 3_600_000, 11)] // a second more than needed: the server's clock ticks in whole ones
    [InlineData(10_001, 10_000, 3_600_000, 12)]
    [InlineData(9_001, 9_001, 3_600_000, 11)]
    [InlineData(10_000, 20_000, 3_600_000, 21)] // as long as the store's copy
    [InlineData(20_000, 10_000, 3_600_000, 21)]
    [InlineData(20_000, 20_000, 5_999, 5)] // no longer than it may be believed
    [InlineData(20_000, 20_000, 999, 1)]
    [InlineData(0, 0, 3_600_000, 1)]
    [InlineData(-90_000, -90_000, 3_600_000, 1)]
    [InlineData(long.MaxValue, long.MaxValue, 3_600_000, 3_600)]
    [InlineData(long.MaxValue, long.MaxValue, 400_000_000_000, FiveYears)]
    [InlineData(300_000_000_000, 300_000_000_000, 400_000_000_000, FiveYears)]
    public void An_item_stays_until_both_copies_have_ended_or_it_may_no_longer_be_believed(long copy, long durable, long fresh, int seconds) =>
        Assert.Equal(seconds, Item(payload: 1, copy, durable, fresh).Seconds);

    [Theory]
    [InlineData(8, 1000, nameof(EntryKind.Value), 0, 0)]
    [InlineData(9, 1000, nameof(EntryKind.Bypass), 1, 0)]
    [InlineData(5, EntryFormat.HeaderSize + 5, nameof(EntryKind.Value), 0, 0)]
    [InlineData(6, EntryFormat.HeaderSize + 5, nameof(EntryKind.Bypass), 0, 1)]
    [InlineData(9, EntryFormat.HeaderSize + 5, nameof(EntryKind.Bypass), 1, 0)]
    public void A_value_over_a_limit_becomes_a_marker_without_its_bytes(int payload, int itemLimit, string kind, int overLimit, int overServerLimit)
    {
        EntryKind stored = Enum.Parse<EntryKind>(kind);
        _world.Server.ItemLimit = itemLimit;

        VolatileItem item = Item(payload, 10_000, 20_000, 30_000);

        Assert.Equal(stored, EntryFlags.KindOf(item.Flags));
        Assert.Equal(stored == EntryKind.Value ? payload : sizeof(long), item.Payload.Length);
        Assert.Equal((overLimit, overServerLimit), (_process.Count(Counter.BypassesOverLimit), _process.Count(Counter.BypassesOverServerLimit)));
        Assert.Equal((overLimit, overServerLimit), (_process.Log.Count(1), _process.Log.Count(2)));
    }

    [Fact]
    public void A_marker_keeps_the_version_all_times_and_the_size_of_the_value()
    {
        VolatileItem made = Item(payload: 9, 10_000, 20_000, 30_000);
        byte[] item = [.. made.Header.Span, .. made.Payload.ToArray()];

        Assert.True(EntryFormat.TryRead(item, _world.Key.Fingerprint, out Entry marker));
        Assert.Equal(9, EntryFormat.ValueBytes(marker.Kind, item));
        Assert.Equal((EntryKind.Bypass, 7L, new EntryLifetime(EntryLifetime.Never, 60_000)), (marker.Kind, marker.Version, marker.Lifetime));
        Assert.Equal((_world.Now + 10_000, _world.Now + 20_000, _world.Now + 30_000), (marker.CopyExpiry, marker.DurableExpiry, marker.FreshUntil));
    }

    [Fact]
    public void Large_values_are_logged_once_a_minute_and_counted_always()
    {
        foreach (int seconds in new[] { 0, 59, 1 })
        {
            _world.Time.Advance(TimeSpan.FromSeconds(seconds));
            _world.Server.ItemLimit = 1000;
            Item(payload: 9, 10_000, 20_000, 30_000);
            _world.Server.ItemLimit = EntryFormat.HeaderSize;
            Item(payload: 1, 10_000, 20_000, 30_000);
        }

        Assert.Equal((3, 3), (_process.Count(Counter.BypassesOverLimit), _process.Count(Counter.BypassesOverServerLimit)));
        Assert.Equal((2, 2), (_process.Log.Count(1), _process.Log.Count(2)));
    }

    [Fact]
    public void A_lock_stays_a_second_longer_than_its_longest_holder()
    {
        LockRecord record = LockRecord.Empty(contended: false).With(Guid.Empty, 31);

        VolatileItem item = VolatileItems.ForLock(record);

        Assert.Equal((32, EntryKind.Lock, 0L), (item.Seconds, EntryFlags.KindOf(item.Flags), item.Payload.Length));
        Assert.True(LockRecord.Read(item.Header.Span, 32).IsHeldBy(Guid.Empty));
    }

    private VolatileItem Item(int payload, long copy, long durable, long fresh)
    {
        var entry = new Entry
        {
            Kind = EntryKind.Value,
            Version = 7,
            Lifetime = new EntryLifetime(EntryLifetime.Never, 60_000),
            CopyExpiry = At(copy),
            DurableExpiry = At(durable),
            FreshUntil = At(fresh),
            Payload = new byte[payload].ToSequence(),
        };
        return _process.Services.Items.ForEntry(_process.Tier, _world.Key, entry);
    }

    private long At(long distance) => distance == long.MaxValue ? EntryLifetime.Never : _world.Now + distance;
}
