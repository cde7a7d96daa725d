using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Emulators;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Contract.Tests.LargeValues;

/// <summary>A Datastore of the test's own with tiers on it, and a look at the entities themselves.</summary>
internal sealed class ChunkLab : IAsyncDisposable
{
    private const string UsualPrefix = "l.";

    public static readonly CacheKey Key = new(UsualPrefix + "key");

    private readonly List<IDisposable> _owned = [];
    private readonly DatastoreAccess _access;
    private readonly DatastoreCalls _calls;

    private ChunkLab(DatastoreEmulator emulator)
    {
        Emulator = emulator;
        DatastoreOptions options = Options().Datastore;
        DatastoreEndpoint endpoint = DatastoreEndpoint.Resolve(options, static _ => null);
        _access = new DatastoreAccess(options, endpoint, new ProjectIdResolver(options, static _ => null, static _ => Task.FromResult<string?>(null)), TimeProvider.System);
        _calls = new DatastoreCalls(DatastoreChannel.Create(endpoint, options.OperationTimeout, handler: null), _access, "");
        _owned.Add(_calls);
        Codec = new ChunkCodec(new EntityCodec("Session", ""), "Session", "");
    }

    public DatastoreEmulator Emulator { get; }

    public ChunkCodec Codec { get; }

    /// <summary>Of the caches; tests that share a memcached have each their own.</summary>
    public string Prefix { get; set; } = UsualPrefix;

    public ChunkLayout Layout => Codec.LayoutFor(KeyOf("key"));

    public CacheCounters Counters { get; } = new();

    /// <summary>Called before each call is executed, with its method and the keys' names.</summary>
    public Func<DatastoreFaultPoint, Task>? Before { get; set; }

    public static CallContext Call => CallContext.Async(TestContext.Current.CancellationToken);

    public static async Task<ChunkLab> StartAsync()
    {
        ChunkLab? lab = null;
        var options = new DatastoreEmulatorOptions
        {
            OnCall = async (point, _) =>
            {
                if (point.Phase == DatastoreFaultPhase.Before && lab!.Before is { } before)
                {
                    await before(point);
                }
            },
        };
        return lab = new ChunkLab(await DatastoreEmulator.StartAsync(options, TestContext.Current.CancellationToken));
    }

    public CascadeCacheOptions Options()
    {
        var options = new CascadeCacheOptions { KeyPrefix = Prefix, Backends = CascadeBackends.Datastore };
        (options.Datastore.EmulatorHost, options.Datastore.ProjectId) = (Emulator.Host, "large");

        // On a busy machine 9 MB and what happens between their lookups take longer than the default, and a second attempt would see another instant.
        options.Datastore.OperationTimeout = options.Resilience.Datastore.TotalTimeout = TimeSpan.FromSeconds(60);
        return options;
    }

    /// <param name="handler">Changes what the tier asks for; null: it is left alone.</param>
    public DatastoreTier NewTier(HttpMessageHandler? handler = null)
    {
        var tier = new DatastoreTier(Options(), TimeProvider.System, null, Counters, NullLogger.Instance, static _ => null, Guid.NewGuid, handler);
        _owned.Add(tier);
        return tier;
    }

    public static DurableValue Value(int size, int seed = 1) => new(Entries.Bytes(size, seed).ToSequence(), new EntryLifetime(EntryLifetime.Never, 60_000), 4_000_000_000_000);

    public static bool IsWhole(ReadOnlyMemory<byte> value) => value.Span.SequenceEqual(Entries.Bytes(value.Length, value.Span[0]));

    public CacheKey KeyOf(string key) => new(Prefix + key);

    /// <summary>The entities that are stored under the key: the header's place first, then all places of chunks; null where there is none.</summary>
    public async Task<Entity?[]> PeekAsync()
    {
        CacheKey key = KeyOf("key");
        var entities = new Entity?[ChunkLayout.MostEntities];
        for (int index = 0; index < entities.Length; index++)
        {
            LookupResponse response = await _calls.LookupAsync([Codec.KeyOf(key, index)], null, null, 1, Attempt());
            entities[index] = response.Found.SingleOrDefault()?.Entity;
        }

        return entities;
    }

    /// <summary>Deletes entities past the cache, as a TTL policy does.</summary>
    public async Task DeleteAsync(params int[] indexes) =>
        await _calls.CommitAsync([.. indexes.Select(index => new Mutation { Delete = Codec.KeyOf(KeyOf("key"), index) })], Attempt());

    public async ValueTask DisposeAsync()
    {
        _owned.ForEach(static owned => owned.Dispose());
        await Emulator.DisposeAsync();
    }

    private DatastoreAttempt Attempt() => new(TimeSpan.FromSeconds(30), new CacheCounters(), BilledTo.For(DurableCause.Get), TestContext.Current.CancellationToken);
}
