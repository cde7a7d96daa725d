using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>
/// A cache in memory that notes every call, answers in one order and takes effect in another if the test wants it so, and fails on demand. Stores clones, as a server would.
/// </summary>
internal sealed class CountingCache : IDistributedCache, IBufferDistributedCache, IVersionedDistributedCache
{
    private readonly ConcurrentDictionary<string, (byte[] Value, long Version)> _entries = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Hold>> _holds = new();
    private long _version;

    /// <summary>The calls since the last time, in order.</summary>
    public string TakeCalls()
    {
        string calls = string.Join(' ', _calls);
        _calls.Clear();
        return calls;
    }

    /// <summary>Another server's write: no call of this one.</summary>
    public void Store(string key, byte[] value) => _entries[key] = ((byte[])value.Clone(), Interlocked.Increment(ref _version));

    public byte[]? Stored(string key) => _entries.TryGetValue(key, out (byte[] Value, long Version) entry) ? (byte[])entry.Value.Clone() : null;

    /// <summary>The next call of this name waits, first before it takes effect and then before it answers, until the test says so.</summary>
    public Hold HoldNext(string call)
    {
        var hold = new Hold();
        _holds.GetOrAdd(call, static _ => new ConcurrentQueue<Hold>()).Enqueue(hold);
        return hold;
    }

    public byte[]? Get(string key)
    {
        _calls.Enqueue(nameof(Get));
        return Stored(key);
    }

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => RunAsync(nameof(GetAsync), () => Stored(key), token).AsTask();

    public void Refresh(string key) => _calls.Enqueue(nameof(Refresh));

    public Task RefreshAsync(string key, CancellationToken token = default) => RunAsync(nameof(RefreshAsync), static () => true, token).AsTask();

    public void Remove(string key)
    {
        _calls.Enqueue(nameof(Remove));
        _entries.TryRemove(key, out _);
    }

    public Task RemoveAsync(string key, CancellationToken token = default) => RunAsync(nameof(RemoveAsync), () => _entries.TryRemove(key, out _), token).AsTask();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        _calls.Enqueue(nameof(Set));
        Store(key, value);
    }

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        RunAsync(nameof(SetAsync), () => Put(key, value), token).AsTask();

    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        _calls.Enqueue("TryGet");
        return WriteTo(destination, Stored(key));
    }

    // HybridCache looks for tags that were invalidated, whenever it likes; that is not what is counted.
    public async ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        !key.StartsWith("__MSFT_HCT__", StringComparison.Ordinal) && WriteTo(destination, await RunAsync("TryGetAsync", () => Stored(key), token));

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        _calls.Enqueue("SetBuffer");
        Store(key, value.ToArray());
    }

    public async ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        await RunAsync("SetBufferAsync", () => Put(key, value.ToArray()), token);

    public VersionedValue GetVersioned(string key)
    {
        _calls.Enqueue(nameof(GetVersioned));
        return Versioned(key);
    }

    public ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default) => RunAsync(nameof(GetVersionedAsync), () => Versioned(key), token);

    public CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options)
    {
        _calls.Enqueue(nameof(TrySet));
        return TryPut(key, value, expected);
    }

    public ValueTask<CacheVersion?> TrySetAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        RunAsync(nameof(TrySetAsync), () => TryPut(key, value, expected), token);

    public bool TryRemove(string key, CacheVersion expected)
    {
        _calls.Enqueue(nameof(TryRemove));
        return TryTake(key, expected);
    }

    public ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default) =>
        RunAsync(nameof(TryRemoveAsync), () => TryTake(key, expected), token);

    private async ValueTask<T> RunAsync<T>(string name, Func<T> effect, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        _calls.Enqueue(name);
        if (!_holds.TryGetValue(name, out ConcurrentQueue<Hold>? holds) || !holds.TryDequeue(out Hold? hold))
        {
            return effect();
        }

        await hold.EffectAsync(token);
        T result = effect();
        await hold.HasTakenEffectAsync();
        return result;
    }

    private bool Put(string key, byte[] value)
    {
        Store(key, value);
        return true;
    }

    private VersionedValue Versioned(string key) => _entries.TryGetValue(key, out (byte[] Value, long Version) entry)
        ? new VersionedValue((byte[])entry.Value.Clone(), new CacheVersion(entry.Version))
        : default;

    private CacheVersion? TryPut(string key, byte[] value, CacheVersion expected)
    {
        if (Versioned(key).Version != expected)
        {
            return null;
        }

        Store(key, value);
        return Versioned(key).Version;
    }

    private bool TryTake(string key, CacheVersion expected)
    {
        bool stands = Versioned(key).Version == expected;
        return stands && (_entries.TryRemove(key, out _) || stands);
    }

    private static bool WriteTo(IBufferWriter<byte> destination, byte[]? value)
    {
        destination.Write(value);
        return value is not null;
    }

    /// <summary>One call that the test lets go step by step. A step that fails is the call's failure: before or after its effect.</summary>
    internal sealed class Hold
    {
        private readonly TaskCompletionSource _start = new();
        private readonly TaskCompletionSource _effect = new();
        private readonly TaskCompletionSource _answer = new();

        /// <summary>Completes when the call has taken effect; its answer is still on the way.</summary>
        public Task TakeEffectAsync()
        {
            _start.SetResult();
            return _effect.Task;
        }

        public void Answer() => _answer.SetResult();

        public void FailBefore(Exception e) => _start.SetException(e);

        public void FailAnswer(Exception e) => _answer.SetException(e);

        internal Task EffectAsync(CancellationToken token) => _start.Task.WaitAsync(token);

        internal Task HasTakenEffectAsync()
        {
            _effect.SetResult();
            return _answer.Task;
        }
    }
}
