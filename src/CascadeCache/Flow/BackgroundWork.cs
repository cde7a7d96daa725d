using System.Collections.Concurrent;
using CascadeCache.Diagnostics;
using CascadeCache.Primitives;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Flow;

/// <summary>
/// Work that no caller waits for: slides and invalidations. At most one piece per name and a bounded number altogether; what does not fit is left
/// out, because the next access asks for it again. Failures are logged and counted. <see cref="DisposeAsync"/> waits for what runs.
/// </summary>
/// <param name="counters">Where failures are counted.</param>
/// <param name="logger">Where they are told.</param>
/// <param name="scheduler">Starts each piece; null: on the thread pool.</param>
internal sealed class BackgroundWork(CacheCounters counters, ILogger logger, TaskScheduler? scheduler = null) : IAsyncDisposable
{
    private const int Capacity = 256;

    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private int _isDisposed;

    /// <summary>Starts the work, unless work of that name is running, the capacity is used up, or the cache is being disposed.</summary>
    public void TryRun(string name, Func<CallContext, ValueTask> work)
    {
        if (_stopping.IsCancellationRequested || _running.Count >= Capacity)
        {
            return;
        }

        // The task exists before it is added and starts after: it can only remove itself once it is there.
        var task = new Task<Task>(() => RunAsync(name, work));
        if (_running.TryAdd(name, task.Unwrap()))
        {
            task.Start(scheduler ?? TaskScheduler.Default);
        }
    }

    /// <summary>How many pieces run.</summary>
    public int Count => _running.Count;

    /// <summary>Completes when nothing runs any more.</summary>
    public async Task WhenIdleAsync()
    {
        while (!_running.IsEmpty)
        {
            await Task.WhenAll(_running.Values).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await WhenIdleAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync(string name, Func<CallContext, ValueTask> work)
    {
        try
        {
            await work(CallContext.Async(_stopping.Token)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return; // the cache is being disposed; the finally below still takes the name out
        }
#pragma warning disable CA1031 // No caller is there to see it: it is logged and counted.
        catch (Exception e)
#pragma warning restore CA1031
        {
            counters.Add(Counter.BackgroundFailures);
            CascadeLog.BackgroundFailed(logger, e);
        }
        finally
        {
            _running.TryRemove(name, out _);
        }
    }
}
