using System.Buffers;
using System.Text;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.Tests.Protection;

/// <summary>Processes that share a server which somebody else can write to, a store and a ring.</summary>
internal sealed class ProtectedWorld : IAsyncDisposable
{
    public const string Name = "session.abc";
    public static readonly CacheKey Other = new("session.xyz");

    private readonly List<FlowProcess> _processes = [];

    public FlowFixture World { get; } = new();

    public FakeRing Ring { get; } = new();

    /// <summary>A process that protects its values.</summary>
    /// <param name="backends">Its tiers.</param>
    /// <param name="ring">Another ring than the common one.</param>
    /// <param name="seal">A seal that is broken on purpose.</param>
    /// <param name="server">A server that is.</param>
    public FlowProcess Start(
        CascadeBackends backends = CascadeBackends.Distributed, FakeRing? ring = null, Func<IItemSeal, IItemSeal>? seal = null, Func<FlowProcess, IItemSeal, IVolatileServer>? server = null)
    {
        FlowProcess process = World.Start(backends: backends);
        _processes.Add(process);
        IItemSeal ours = SealRig.SealOn(ring ?? Ring, World.Clock);
        IItemSeal used = seal?.Invoke(ours) ?? ours;
        IVolatileServer over = server?.Invoke(process, used) ?? new ProtectedServer(process.Tier, used);
        process.Tier.Wrap = _ => over;
        return process;
    }

    /// <summary>A process from before the protection was switched on.</summary>
    public FlowProcess StartUnprotected(CascadeBackends backends = CascadeBackends.Distributed) => World.Start(backends: backends);

    /// <summary>What stands on the server under the key of the processes.</summary>
    public FakeVolatileServer.StoredItem Stored => World.Stored ?? throw new InvalidOperationException("Nothing is stored.");

    /// <summary>What an attacker sees.</summary>
    public byte[] StoredUnder(CacheKey key) => World.Server.Peek(Encoding.ASCII.GetString(key.VolatileName.Span))!.Bytes;

    public void Plant(byte[] item, uint flags = (uint)EntryKind.Value, int seconds = 3600) => World.Server.Plant(Name, item, flags, seconds);

    /// <summary>Stores something under another key, as another user's session is.</summary>
    public static Task SetOtherAsync(FlowProcess process, string value) =>
        process.Flow.SetAsync(Other, Encoding.UTF8.GetBytes(value), process.Hour, CallContext.Async(CancellationToken.None)).AsTask();

    /// <summary>The entry on the server, as those who share the ring read it; null: they reject it.</summary>
    public Entry? Opened()
    {
        using PooledBytes? bytes = SealRig.SealOn(Ring, World.Clock).TryOpen(World.Key, Stored.Bytes);
        return bytes is not null && EntryFormat.TryRead(bytes.Memory, World.Key.Fingerprint, out Entry entry) ? entry with { Payload = new(entry.Payload.ToArray()) } : null;
    }

    public async ValueTask DisposeAsync()
    {
        await World.DisposeAsync();
        Assert.All(_processes, static process => Assert.Equal(0, process.Tier.OpenReads));
    }
}
