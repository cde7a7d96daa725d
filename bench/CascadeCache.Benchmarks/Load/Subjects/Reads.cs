using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary><c>Get</c>, on threads.</summary>
internal sealed class BlockingGet(string name, SubjectFamily family, IDistributedCache cache, CounterCheck? check = null)
    : CacheSubject<IDistributedCache>(name, family, cache, check)
{
    public override bool IsBlocking => true;

    public override void Run(Caller caller)
    {
        while (caller.Begin())
        {
            caller.End(Cache.Get(caller.Key));
        }
    }
}

/// <summary><c>GetAsync</c>.</summary>
internal sealed class AsyncGet(string name, SubjectFamily family, IDistributedCache cache, CounterCheck? check = null)
    : CacheSubject<IDistributedCache>(name, family, cache, check)
{
    // A cache in memory answers at once: a loop that never waits would keep its thread, and the loops behind it would wait for the pool to grow.
    private const long CallsBetweenYields = 256;

    public override async Task RunAsync(Caller caller)
    {
        while (caller.Begin())
        {
            caller.End(await Cache.GetAsync(caller.Key));
            if (Family == SubjectFamily.Memory && caller.Calls % CallsBetweenYields == 0)
            {
                await Task.Yield();
            }
        }
    }
}

/// <summary><c>TryGetAsync</c>, into the same buffer again and again.</summary>
internal sealed class AsyncTryGet(string name, SubjectFamily family, IBufferDistributedCache cache, CounterCheck? check = null)
    : CacheSubject<IBufferDistributedCache>(name, family, cache, check)
{
    public override async Task RunAsync(Caller caller)
    {
        while (caller.Begin())
        {
            caller.Buffer.ResetWrittenCount();
            caller.EndBuffered(await Cache.TryGetAsync(caller.Key, caller.Buffer));
        }
    }
}
