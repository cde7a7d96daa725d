using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Contract.Tests.LentValues;

/// <summary>Broken on purpose: says that a value is stored before it has looked at it. What it stores is whatever its memory holds then.</summary>
internal sealed class LateCache(CascadeDistributedCache inner) : IDistributedCache, IBufferDistributedCache
{
    private readonly List<Func<Task>> _late = [];

    private IBufferDistributedCache Buffers => inner;

    public async Task StoreNowAsync()
    {
        foreach (Func<Task> store in _late)
        {
            await store();
        }
    }

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        lock (_late)
        {
            _late.Add(async () => await Buffers.SetAsync(key, value, options, CancellationToken.None));
        }

        return ValueTask.CompletedTask;
    }

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => SetAsync(key, value, options).AsTask().GetAwaiter().GetResult();

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(key, new ReadOnlySequence<byte>(value), options, token).AsTask();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Set(key, new ReadOnlySequence<byte>(value), options);

    public byte[]? Get(string key) => inner.Get(key);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => inner.GetAsync(key, token);

    public bool TryGet(string key, IBufferWriter<byte> destination) => Buffers.TryGet(key, destination);

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) => Buffers.TryGetAsync(key, destination, token);

    public void Refresh(string key) => inner.Refresh(key);

    public Task RefreshAsync(string key, CancellationToken token = default) => inner.RefreshAsync(key, token);

    public void Remove(string key) => inner.Remove(key);

    public Task RemoveAsync(string key, CancellationToken token = default) => inner.RemoveAsync(key, token);
}
