using System.Buffers;
using CascadeCache.Diagnostics;
using CascadeCache.TestKit.Histories;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Stress.Linearizability;

/// <summary>One of a worker's callers: one random operation after the other, each recorded. A blocking caller uses synchronous methods only.</summary>
internal sealed class StressCaller(int process, int number, bool isBlocking, IReadOnlyList<IDistributedCache> caches, RecordWriter records, Random random)
{
    public const string Refresh = "Refresh";

    private const int WritesPerCaller = 1 << 24;

    private readonly string _suffix = isBlocking ? "" : "Async";
    private int _written;
    private bool _hasFailed;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await StepAsync();

            // What fails at once, because a circuit is open, is not asked for again at once.
            var pause = TimeSpan.FromMilliseconds(_hasFailed ? random.Next(100) : random.Next(4));
            _hasFailed = false;
            if (isBlocking)
            {
                stopping.WaitHandle.WaitOne(pause);
            }
            else
            {
                await Task.Delay(pause, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async ValueTask StepAsync()
    {
        StressKey key = StressKey.Draw(random);
        IDistributedCache cache = caches[key.Number % caches.Count];

        // Some callers lose patience. A synchronous one cannot.
        using var patience = new CancellationTokenSource();
        if (!isBlocking && random.Next(50) == 0)
        {
            patience.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1, 20)));
        }

        await (random.Next(100) switch
        {
            < 55 => ReadAsync(cache, key, patience.Token),
            < 75 => ReadIntoBufferAsync(cache, key, patience.Token),
            < 81 => ReplaceAsync(cache, key, patience.Token),
            < 86 => WriteAsync("Set", cache, key, NextValue(), patience.Token),
            < 90 => WriteAsync("SetBuffer", cache, key, NextValue(), patience.Token),
            < 93 => WriteAsync("Remove", cache, key, RegisterOperation.Absent, patience.Token),
            _ => RefreshAsync(cache, key, patience.Token),
        });
    }

    private long NextValue() => StressValue.Number(process, (number * WritesPerCaller) + ++_written);

    private async ValueTask ReadAsync(IDistributedCache cache, StressKey key, CancellationToken patience)
    {
        string name = key.ToString();
        long start = RecordWriter.Now;
        byte[]? value = null;
        RegisterOutcome outcome = await TryAsync(async () => value = isBlocking ? cache.Get(name) : await cache.GetAsync(name, patience));
        records.Record("Get" + _suffix, name, Understand(name, value is null ? (ReadOnlyMemory<byte>?)null : value), start, outcome);
    }

    private async ValueTask ReadIntoBufferAsync(IDistributedCache cache, StressKey key, CancellationToken patience)
    {
        if (cache is not IBufferDistributedCache buffered)
        {
            await ReadAsync(cache, key, patience);
            return;
        }

        string name = key.ToString();
        var buffer = new ArrayBufferWriter<byte>();
        bool exists = false;
        long start = RecordWriter.Now;
        RegisterOutcome outcome = await TryAsync(async () => exists = isBlocking ? buffered.TryGet(name, buffer) : await buffered.TryGetAsync(name, buffer, patience));
        records.Record("TryGet" + _suffix, name, Understand(name, exists ? buffer.WrittenMemory : (ReadOnlyMemory<byte>?)null), start, outcome);
    }

    private async ValueTask RefreshAsync(IDistributedCache cache, StressKey key, CancellationToken patience)
    {
        string name = key.ToString();
        long start = RecordWriter.Now;
        RegisterOutcome outcome = await TryAsync(async () =>
        {
            if (isBlocking)
            {
                cache.Refresh(name);
            }
            else
            {
                await cache.RefreshAsync(name, patience);
            }
        });
        records.Record(Refresh + _suffix, name, RegisterOperation.Absent, start, outcome);
    }

    /// <summary>Reads a version and writes over it: made, it is a write; refused, it is nothing.</summary>
    private async ValueTask ReplaceAsync(IDistributedCache cache, StressKey key, CancellationToken patience)
    {
        if (cache is not IVersionedDistributedCache versioned)
        {
            await WriteAsync("Set", cache, key, NextValue(), patience);
            return;
        }

        string name = key.ToString();
        VersionedValue read = default;
        long start = RecordWriter.Now;
        RegisterOutcome outcome = await TryAsync(async () => read = isBlocking ? versioned.GetVersioned(name) : await versioned.GetVersionedAsync(name, patience));
        long expected = Understand(name, read.Value is null ? (ReadOnlyMemory<byte>?)null : read.Value);
        records.Record("GetVersioned" + _suffix, name, expected, start, outcome);
        if (outcome != RegisterOutcome.Done)
        {
            return;
        }

        long value = NextValue();
        byte[] bytes = StressValue.Write(name, value);
        long backlog = BacklogOf(cache);
        bool isMade = false;
        int id = records.BeginWrite("TrySet" + _suffix, name, value, expected);
        outcome = await TryAsync(async () => isMade = (isBlocking
            ? versioned.TrySet(name, bytes, read.Version, LifetimeOf(key))
            : await versioned.TrySetAsync(name, bytes, read.Version, LifetimeOf(key), patience)) is not null);
        records.EndWrite(id, outcome == RegisterOutcome.Done && !isMade ? RegisterOutcome.Failed : outcome, wasCutOff: BacklogOf(cache) != backlog);
    }

    private async ValueTask WriteAsync(string call, IDistributedCache cache, StressKey key, long value, CancellationToken patience)
    {
        string name = key.ToString();
        byte[] bytes = value == RegisterOperation.Absent ? [] : StressValue.Write(name, value);
        DistributedCacheEntryOptions lifetime = LifetimeOf(key);

        // More than the write's own backlog entry may be counted, but never less.
        long backlog = BacklogOf(cache);
        int id = records.BeginWrite(call + _suffix, name, value);
        RegisterOutcome outcome = await TryAsync(() => (call, isBlocking) switch
        {
            ("Remove", true) => Blocking(() => cache.Remove(name)),
            ("Remove", false) => cache.RemoveAsync(name, patience),
            ("SetBuffer", true) when cache is IBufferDistributedCache buffered => Blocking(() => buffered.Set(name, new ReadOnlySequence<byte>(bytes), lifetime)),
            ("SetBuffer", false) when cache is IBufferDistributedCache buffered => buffered.SetAsync(name, new ReadOnlySequence<byte>(bytes), lifetime, patience).AsTask(),
            (_, true) => Blocking(() => cache.Set(name, bytes, lifetime)),
            _ => cache.SetAsync(name, bytes, lifetime, patience),
        });
        records.EndWrite(id, outcome, wasCutOff: BacklogOf(cache) != backlog);
    }

    private async ValueTask<RegisterOutcome> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return RegisterOutcome.Done;
        }
        catch (Exception e) when (e is CascadeOutcomeUnknownException || (e is OperationCanceledException && !isBlocking))
        {
            return RegisterOutcome.Unknown;
        }
        catch (CascadeUnavailableException)
        {
            _hasFailed = true;
            return RegisterOutcome.Failed;
        }
#pragma warning disable CA1031 // Any other exception is a finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            records.Surprised($"{e.GetType()}: {e}");
            return RegisterOutcome.Unknown;
        }
    }

    private static DistributedCacheEntryOptions LifetimeOf(StressKey key) => key.IsSliding
        ? new DistributedCacheEntryOptions { SlidingExpiration = Scale.SlidingWindow }
        : new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    private long Understand(string key, ReadOnlyMemory<byte>? value) =>
        value is { } bytes ? StressValue.Read(key, bytes.Span) : RegisterOperation.Absent;

    private static long BacklogOf(IDistributedCache cache) =>
        cache is CascadeDistributedCache cascade ? cascade.Parts.Counters.Get(Counter.BacklogAdded) : 0;

    private static Task Blocking(Action call)
    {
        call();
        return Task.CompletedTask;
    }
}
