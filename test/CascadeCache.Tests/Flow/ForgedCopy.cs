using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Values;

namespace CascadeCache.Tests.Flow;

/// <summary>A copy in memcached that says that it is compressed, as somebody could put it there who can write there: its checksum is right, whatever its payload.</summary>
internal static class ForgedCopy
{
    public static void Plant(FlowFixture world, byte[] payload, long version)
    {
        var entry = new Entry
        {
            Kind = EntryKind.Value,
            Version = version,
            Lifetime = new EntryLifetime(world.Now + 3_600_000, 0),
            CopyExpiry = world.Now + 3_600_000,
            DurableExpiry = world.Now + 3_600_000,
            FreshUntil = world.Now + 3_600_000,
            Payload = payload.ToSequence(),
            Encoding = ValueEncoding.Brotli,
        };
        byte[] item = new byte[EntryFormat.HeaderSize + payload.Length];
        EntryFormat.WriteHeader(item, entry, world.Key.Fingerprint);
        payload.CopyTo(item, EntryFormat.HeaderSize);
        world.Server.Plant("session.abc", item, EntryFlags.For(entry));
    }
}
