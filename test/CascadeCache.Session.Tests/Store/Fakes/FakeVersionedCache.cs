using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>One instance's way to a <see cref="FakeStore"/>: notes every call, and lets a test act before and after it, by waiting or throwing too.</summary>
internal sealed class FakeVersionedCache(FakeStore store) : IVersionedDistributedCache
{
    private readonly ConcurrentQueue<string> _calls = new();

    /// <summary>Called with the name of the method before it does anything.</summary>
    public Func<string, ValueTask>? Before { get; set; }

    /// <summary>Called with the name of the method when it is done, before it returns.</summary>
    public Func<string, ValueTask>? After { get; set; }

    /// <summary>What a read before a conditional write returns instead.</summary>
    public Func<VersionedValue, VersionedValue>? Distort { get; set; }

    /// <summary>The calls since they were taken last.</summary>
    public string TakeCalls()
    {
        string calls = string.Join(' ', _calls);
        _calls.Clear();
        return calls;
    }

    public byte[]? Get(string key) => Call(nameof(Get), () => store.Read(key).Value);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => CallAsync(nameof(GetAsync), () => store.Read(key).Value, token);

    public void Refresh(string key) => Call(nameof(Refresh), () => Done(() => store.Slide(key)));

    public Task RefreshAsync(string key, CancellationToken token = default) => CallAsync(nameof(RefreshAsync), () => Done(() => store.Slide(key)), token);

    public void Remove(string key) => Call(nameof(Remove), () => Done(() => store.Remove(key)));

    public Task RemoveAsync(string key, CancellationToken token = default) => CallAsync(nameof(RemoveAsync), () => Done(() => store.Remove(key)), token);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Call(nameof(Set), () => store.Write(key, value, null, FakeStore.SlidingOf(options)));

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        CallAsync(nameof(SetAsync), () => store.Write(key, value, null, FakeStore.SlidingOf(options)), token);

    public VersionedValue GetVersioned(string key) => Call(nameof(GetVersioned), () => store.Read(key));

    public ValueTask<VersionedValue> GetVersionedAsync(string key, CancellationToken token = default) =>
        new(CallAsync(nameof(GetVersionedAsync), () => Distort is { } distort ? distort(store.Read(key)) : store.Read(key), token));

    public CacheVersion? TrySet(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options) =>
        Call(nameof(TrySet), () => store.Write(key, value, expected, FakeStore.SlidingOf(options)));

    public ValueTask<CacheVersion?> TrySetAsync(string key, byte[] value, CacheVersion expected, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        new(CallAsync(nameof(TrySetAsync), () => store.Write(key, value, expected, FakeStore.SlidingOf(options)), token));

    public bool TryRemove(string key, CacheVersion expected) => throw new InvalidOperationException("A session is never removed.");

    public ValueTask<bool> TryRemoveAsync(string key, CacheVersion expected, CancellationToken token = default) => throw new InvalidOperationException("A session is never removed.");

    private static bool Done(Action action)
    {
        action();
        return true;
    }

    private T Call<T>(string name, Func<T> action) => CallAsync(name, action, CancellationToken.None).GetAwaiter().GetResult();

    private async Task<T> CallAsync<T>(string name, Func<T> action, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        _calls.Enqueue(name);
        if (Before is { } before)
        {
            await before(name);
        }

        T result = action();
        if (After is { } after)
        {
            await after(name);
        }

        return result;
    }
}
