using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.Session;

/// <summary>Passes every call on and notes which method it was.</summary>
internal sealed class RecordingCache(IDistributedCache cache) : IDistributedCache
{
    private readonly ConcurrentQueue<string> _calls = new();

    public string TakeCalls()
    {
        string calls = string.Join(' ', _calls);
        _calls.Clear();
        return calls;
    }

    public byte[]? Get(string key)
    {
        _calls.Enqueue(nameof(Get));
        return cache.Get(key);
    }

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        _calls.Enqueue(nameof(GetAsync));
        return cache.GetAsync(key, token);
    }

    public void Refresh(string key)
    {
        _calls.Enqueue(nameof(Refresh));
        cache.Refresh(key);
    }

    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        _calls.Enqueue(nameof(RefreshAsync));
        return cache.RefreshAsync(key, token);
    }

    public void Remove(string key)
    {
        _calls.Enqueue(nameof(Remove));
        cache.Remove(key);
    }

    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        _calls.Enqueue(nameof(RemoveAsync));
        return cache.RemoveAsync(key, token);
    }

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        _calls.Enqueue(nameof(Set));
        cache.Set(key, value, options);
    }

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        _calls.Enqueue(nameof(SetAsync));
        return cache.SetAsync(key, value, options, token);
    }
}
