using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary><c>Set</c> of an array, on threads, each with a key of its own.</summary>
internal sealed class BlockingSet(string name, SubjectFamily family, IDistributedCache cache, DistributedCacheEntryOptions entry, CounterCheck? check = null)
    : CacheSubject<IDistributedCache>(name, family, cache, check)
{
    public override bool IsBlocking => true;

    public override bool KeepsKey => true;

    public override void Run(Caller caller)
    {
        while (caller.Begin())
        {
            Cache.Set(caller.Key, caller.Value, entry);
            caller.End();
        }
    }
}

/// <summary><c>SetAsync</c> of an array, each caller with a key of its own.</summary>
internal sealed class AsyncSet(string name, SubjectFamily family, IDistributedCache cache, DistributedCacheEntryOptions entry, CounterCheck? check = null)
    : CacheSubject<IDistributedCache>(name, family, cache, check)
{
    private const long CallsBetweenYields = 256;

    public override bool KeepsKey => true;

    public override async Task RunAsync(Caller caller)
    {
        while (caller.Begin())
        {
            await Cache.SetAsync(caller.Key, caller.Value, entry);
            caller.End();
            if (Family == SubjectFamily.Memory && caller.Calls % CallsBetweenYields == 0)
            {
                await Task.Yield();
            }
        }
    }
}
