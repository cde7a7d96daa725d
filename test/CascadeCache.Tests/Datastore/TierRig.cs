using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>A Datastore tier over a script or a local server, in a time that the test moves.</summary>
internal sealed class TierRig : IDisposable
{
    public const string Host = "127.0.0.1:1";

    public static readonly CacheKey Key = new("session.k1");

    /// <param name="configure">Changes the options.</param>
    /// <param name="time">The clock, if it is not to stand still.</param>
    /// <param name="isScripted">Whether <see cref="Script"/> answers, and not the network.</param>
    /// <param name="environment">The environment variables.</param>
    public TierRig(Action<CascadeCacheOptions>? configure = null, TimeProvider? time = null, bool isScripted = true, Func<string, string?>? environment = null)
    {
        Options.Datastore.ProjectId = "proj";
        Options.Datastore.EmulatorHost = Host;
        Options.Resilience.Datastore.RetryBaseDelay = TimeSpan.FromMilliseconds(1);
        Options.Resilience.Datastore.RetryMaxDelay = TimeSpan.FromMilliseconds(1);
        configure?.Invoke(Options);
        Tier = new DatastoreTier(
            Options, time ?? Time, () => 0.5, Counters, NullLogger.Instance, environment ?? (_ => null), () => Generations.Dequeue(), isScripted ? Script : null);
    }

    public CascadeCacheOptions Options { get; } = new();

    /// <summary>Passes only when the test says so; not used if the test gave another one.</summary>
    public WatchedTime Time { get; } = new();

    public CacheCounters Counters { get; } = new();

    public ScriptedDatastore Script { get; } = new();

    public DatastoreTier Tier { get; }

    /// <summary>What marks the entities of the large values that are written; a write too many fails.</summary>
    public Queue<Guid> Generations { get; } = new([new Guid(1, 0, 0, new byte[8]), new Guid(2, 0, 0, new byte[8]), new Guid(3, 0, 0, new byte[8])]);

    public static CallContext Call(bool blocking = false) => new(blocking, TestContext.Current.CancellationToken);

    public static DurableValue Value(params byte[] payload) => new(payload.ToSequence(), new EntryLifetime(EntryLifetime.Never, 60_000), 1_000_000);

    public static CommitResponse Committed(long version = 7, bool conflict = false) =>
        new() { MutationResults = { new MutationResult { Version = version, ConflictDetected = conflict } } };

    public static LookupResponse Found(Entity entity, long version = 5) => new() { Found = { new EntityResult { Entity = entity, Version = version } } };

    public static LookupResponse Missing(CacheKey key, long version = 3) =>
        new() { Missing = { new EntityResult { Entity = new Entity { Key = Codec().KeyOf(key) }, Version = version } } };

    public static EntityCodec Codec(string namespaceId = "") => new("Session", namespaceId);

    public void Dispose()
    {
        Tier.Dispose();
        Script.Dispose();
    }
}
