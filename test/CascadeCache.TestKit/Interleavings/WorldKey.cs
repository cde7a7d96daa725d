using System.Buffers.Binary;
using System.IO.Hashing;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>
/// Tells two states of a world apart: 128 bits over all that its future depends on. A token counts only as good or worthless, because numbers are unique within one
/// life of a server and rise; the absolute numbers would make states differ that behave alike.
/// </summary>
internal sealed class WorldKey
{
    private readonly XxHash128 _hash = new();
    private readonly byte[] _number = new byte[8];

    public UInt128 Of(World world)
    {
        FakeVolatileServer.StoredItem? item = world.Fixture.Stored;
        ulong? cas = world.Fixture.Server.CasOf(world.Name);
        Add(item?.Bytes ?? []);
        Add(item is null ? -1 : ((long)item.SecondsToLive << 32) ^ item.Flags);
        Add(world.Fixture.Now);
        Add(world.Fixture.Server.MinimumAge!.Value.Ticks);
        AddStore(world);
        Add((world.FaultsLeft << 8) ^ world.WaitsLeft ^ (world.HasLostLock ? 1 << 20 : 0));
        world.AddRules(Add);
        for (int i = 0; i < world.Processes.Count; i++)
        {
            FlowProcess process = world.Processes[i];
            Add((process.Tier.IsCut ? 1 : 0) + (WorldRules.HasBacklog(process) ? 2 : 0) + (world.HasCrashed(i) ? 4 : 0));
            foreach (FakeVolatileTier.DelayedCommand delayed in process.Tier.Delayed)
            {
                Add(delayed.Bytes ?? []);
                Add(delayed.Seconds + (delayed.Token is null ? 0 : 1L << 40));
            }
        }

        foreach (Actor actor in world.Actors)
        {
            AddActor(world, actor, cas);
        }

        return _hash.GetHashAndReset() is { } bytes ? BinaryPrimitives.ReadUInt128LittleEndian(bytes) : default;
    }

    private void AddActor(World world, Actor actor, ulong? cas)
    {
        if (actor.HasEnded)
        {
            Add(1); // what it learned has no consequences any more
            return;
        }

        Add((long)actor.Digest);
        Add(actor.Floor);
        FakeVolatileTier tier = world.Processes[actor.Process].Tier;
        long good = actor.Waiting is { } waiting ? 2 + (waiting.Epoch == tier.Epoch ? 1 : 0) : 0;
        foreach (VolatileToken token in actor.Tokens)
        {
            bool isBound = token.Epoch == tier.Epoch || world.Scenario.Defect == Defect.KeepsTokens;
            good = (good << 1) | (isBound && token.Cas == cas ? 1L : 0);
        }

        Add(good);
    }

    private void AddStore(World world)
    {
        Entries.DurableRead stored = world.Fixture.Durable.Peek(world.Fixture.Key);
        Add(stored.Version);
        Add(stored.Value is { } value ? value.Payload.Span : default);
        Add(stored.Value?.ExpiresAt ?? 0);
        foreach (int owner in world.LateOwners)
        {
            Add(owner);
        }
    }

    private void Add(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_number, number);
        _hash.Append(_number);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        Add(bytes.Length);
        _hash.Append(bytes);
    }
}
