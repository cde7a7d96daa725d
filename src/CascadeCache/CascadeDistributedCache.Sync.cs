using System.Buffers;
using System.Diagnostics;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache;

/// <summary>
/// The only blocking code of the cache. The flow below runs on the calling thread and waits where it stands, so that what comes back has already
/// completed: nothing here waits for a thread of the pool to continue it.
/// </summary>
public sealed partial class CascadeDistributedCache
{
    /// <inheritdoc/>
    public byte[]? Get(string key)
    {
        using FoundValue found = Find(KeyOf(key));
        return found.Exists ? found.Payload.ToArray() : null;
    }

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        Complete(StoreAsync(key, new ReadOnlySequence<byte>(value), options, CallContext.Sync));
    }

    /// <inheritdoc/>
    public void Refresh(string key)
    {
        Complete(RunAsync("CascadeCache.Refresh", Refreshing, (_parts.Flow, KeyOf(key)), Reading(CallContext.Sync)));
    }

    /// <inheritdoc/>
    public void Remove(string key)
    {
        Complete(RunAsync("CascadeCache.Remove", Removing, (_parts.Flow, KeyOf(key)), CallContext.Sync));
    }

    bool IBufferDistributedCache.TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using FoundValue found = Find(KeyOf(key));
        return TryCopy(found, destination);
    }

    void IBufferDistributedCache.Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) =>
        Complete(StoreAsync(key, value, options, CallContext.Sync));

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose()
    {
        _isDisposed = true;
        _parts.Dispose();
    }

    private FoundValue Find(CacheKey key)
    {
        using Activity? activity = CascadeActivities.Start("CascadeCache.Get");
        try
        {
            FoundValue found = Complete(_parts.Flow.GetAsync(key, Reading(CallContext.Sync)));
            CascadeActivities.Answer(activity, found.Exists, found.Tier);
            return found;
        }
        catch (Exception e)
        {
            CascadeActivities.Fail(activity, e);
            throw;
        }
    }

    private static void Complete(ValueTask operation)
    {
        if (operation.IsCompleted)
        {
            operation.GetAwaiter().GetResult();
        }
        else
        {
            // By the construction of the flow this does not happen; if it does, waiting is better than a result that is not there.
            operation.AsTask().GetAwaiter().GetResult();
        }
    }

    private static T Complete<T>(ValueTask<T> operation) =>
        operation.IsCompleted ? operation.GetAwaiter().GetResult() : operation.AsTask().GetAwaiter().GetResult();
}
