using System.Diagnostics;

namespace CascadeCache.Benchmarks.Load;

/// <summary>
/// Runs one turn: all callers start, warm up, are measured and stop. Runs on its caller's thread, which needs no thread of the pool, so that the end comes in time whatever
/// the subject does with the pool.
/// </summary>
internal sealed class LoadRunner(TimeSpan warmUp, TimeSpan measured, CancellationToken cancellation)
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(50);

    /// <exception cref="OperationCanceledException">The program is to end.</exception>
    public Turn Run(LoadSubject subject, DataSet data, int callers)
    {
        // One subject's garbage is not to be another one's pause.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        var phase = new LoadPhase();
        Caller[] loops = [.. Enumerable.Range(0, subject.LoopsFor(callers)).Select(i => new Caller(phase, data, i, callers, subject.KeepsKey))];
        subject.Prepare();
        Task[] tasks = [.. loops.Select(caller => StartLoop(subject, caller))];
        int poolThreads = 0;
        Wait(warmUp, ref poolThreads);

        poolThreads = 0;
        Usage before = Usage.Now();
        phase.Measure();
        Wait(measured, ref poolThreads);
        phase.StopMeasuring();
        Usage after = Usage.Now();

        phase.End();
        string? failure = WaitForEnd(tasks);
        cancellation.ThrowIfCancellationRequested();
        failure ??= Verify(subject, loops.Sum(static caller => caller.Calls));
        return ToTurn(before, after, loops, poolThreads, failure);
    }

    private static Task StartLoop(LoadSubject subject, Caller caller)
    {
        if (!subject.IsBlocking)
        {
            return Task.Run(() => subject.RunAsync(caller));
        }

        var ended = new TaskCompletionSource();
        new Thread(() =>
        {
            try
            {
                subject.Run(caller);
                ended.SetResult();
            }
#pragma warning disable CA1031 // Whatever ends this thread is the turn's failure.
            catch (Exception e)
#pragma warning restore CA1031
            {
                ended.SetException(e);
            }
        })
        { IsBackground = true }.Start();
        return ended.Task;
    }

    private static string? WaitForEnd(Task[] tasks)
    {
        try
        {
            return Task.WaitAll(tasks, EndLimit) ? null : $"calls did not end within {EndLimit.TotalSeconds} s";
        }
        catch (AggregateException e)
        {
            Exception first = e.Flatten().InnerExceptions[0];
            return $"{first.GetType().Name}: {first.Message}";
        }
    }

    private static string? Verify(LoadSubject subject, long calls)
    {
        try
        {
            subject.Verify(calls);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    private static Turn ToTurn(in Usage before, in Usage after, Caller[] loops, int poolThreads, string? failure)
    {
        var latencies = new LatencyHistogram();
        foreach (Caller caller in loops)
        {
            latencies.Add(caller.Latencies);
        }

        double seconds = Stopwatch.GetElapsedTime(before.Timestamp, after.Timestamp).TotalSeconds;
        double calls = Math.Max(1, latencies.Count);
        return new Turn
        {
            OperationsPerSecond = latencies.Count / seconds,
            P50 = latencies.Microseconds(0.5),
            P99 = latencies.Microseconds(0.99),
            P999 = latencies.Microseconds(0.999),
            BytesPerCall = (after.AllocatedBytes - before.AllocatedBytes) / calls,
            CpuPerCall = (after.Cpu - before.Cpu).TotalMicroseconds / calls,
            GcPauses = (after.GcPauses - before.GcPauses).TotalMilliseconds / seconds,
            PoolThreads = poolThreads,
            OthersPerSecond = loops.Sum(static caller => caller.SiblingCalls) / seconds,
            Failure = failure ?? (latencies.Count == 0 ? "no call ended in the measured time" : null),
        };
    }

    private void Wait(TimeSpan time, ref int poolThreads)
    {
        long started = Stopwatch.GetTimestamp();
        for (TimeSpan left = time; left > TimeSpan.Zero && !cancellation.IsCancellationRequested; left = time - Stopwatch.GetElapsedTime(started))
        {
            cancellation.WaitHandle.WaitOne(left < SampleInterval ? left : SampleInterval);
            poolThreads = Math.Max(poolThreads, ThreadPool.ThreadCount);
        }
    }

    private readonly record struct Usage(long Timestamp, long AllocatedBytes, TimeSpan Cpu, TimeSpan GcPauses)
    {
        public static Usage Now() => new(Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration());
    }
}
