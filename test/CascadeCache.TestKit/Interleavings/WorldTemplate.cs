using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>How every world of a scenario begins: made once by the flow itself, and copied from then on, because a search begins millions of times.</summary>
internal sealed class WorldTemplate
{
    public const string FirstValue = "v0";

    private readonly FakeVolatileServer.StoredItem _item;
    private readonly DurableValue _value;
    private readonly TimeSpan _age;

    public WorldTemplate(Scenario scenario)
    {
        var time = new SteppedTime();
        var fixture = new FlowFixture(time);
        Lifetime = scenario.IsSlideDue ? new EntryLifetime(EntryLifetime.Never, 3_600_000) : new EntryLifetime(fixture.Now + 86_400_000, 0);
        FlowProcess process = fixture.Start(o =>
        {
            o.Consistency = scenario.Consistency;
            o.MaxMemcacheSessionSizeBytes = 8;
        });
        process.Flow.SetAsync(fixture.Key, "v0"u8.ToArray(), Lifetime, CallContext.Sync).AsTask().GetAwaiter().GetResult();
        DurableRead stored = fixture.Durable.Peek(fixture.Key);
        (Settings, Version, _value, _item) = (process.Settings, stored.Version, stored.Value!.Value, fixture.Stored!);
        _age = scenario.IsSlideDue ? TimeSpan.FromMinutes(20) : TimeSpan.Zero; // by then both slacks of the hour are used up
    }

    public FlowSettings Settings { get; }

    public EntryLifetime Lifetime { get; }

    /// <summary>The first value's version.</summary>
    public long Version { get; }

    public void Plant(FlowFixture fixture, SteppedTime time, bool isCached)
    {
        fixture.Durable.Plant(fixture.Key, _value, Version);
        if (isCached)
        {
            fixture.Server.Plant("session.abc", _item.Bytes, _item.Flags, _item.SecondsToLive);
        }

        time.Advance(_age);
    }
}
