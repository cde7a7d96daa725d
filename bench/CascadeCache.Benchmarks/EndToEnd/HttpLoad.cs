using System.Buffers.Text;
using System.Diagnostics;
using CascadeCache.Benchmarks.Load;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>Requests of one kind in closed loops, a connection for each caller, who goes through the sessions one after the other.</summary>
internal sealed class HttpLoad : IDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private readonly LoadPhase _phase = new();
    private readonly LatencyHistogram[] _latencies;
    private readonly long[] _lost;
    private readonly HttpConnection[] _connections;
    private readonly Task[] _callers;
    private long _measuredFrom;

    /// <param name="address">The application.</param>
    /// <param name="requests">One for each session.</param>
    /// <param name="callers">How many loops.</param>
    public HttpLoad(Uri address, IReadOnlyList<byte[]> requests, int callers)
    {
        _latencies = [.. Enumerable.Range(0, callers).Select(static _ => new LatencyHistogram())];
        _lost = new long[callers];
        _connections = [.. Enumerable.Range(0, callers).Select(_ => new HttpConnection(address))];
        _callers = [.. Enumerable.Range(0, callers).Select(i => Task.Run(() => CallAsync(requests, i)))];
    }

    public void Measure()
    {
        _measuredFrom = Stopwatch.GetTimestamp();
        _phase.Measure();
    }

    /// <summary>Ends all loops and returns what they measured.</summary>
    /// <exception cref="InvalidOperationException">A request failed, or does not end.</exception>
    public HttpLoadResult End()
    {
        _phase.StopMeasuring();
        double seconds = Stopwatch.GetElapsedTime(_measuredFrom).TotalSeconds;
        _phase.End();
        if (!Task.WaitAll(_callers, EndLimit))
        {
            throw new InvalidOperationException($"Requests did not end within {EndLimit.TotalSeconds} s.");
        }

        var all = new LatencyHistogram();
        foreach (LatencyHistogram latencies in _latencies)
        {
            all.Add(latencies);
        }

        return new HttpLoadResult(all.Count, _lost.Sum(), seconds, all.Microseconds(0.5), all.Microseconds(0.99), all.Microseconds(0.999));
    }

    public void Dispose()
    {
        foreach (HttpConnection connection in _connections)
        {
            connection.Dispose();
        }
    }

    private async Task CallAsync(IReadOnlyList<byte[]> requests, int index)
    {
        HttpConnection connection = _connections[index];
        for (int next = (int)((long)index * requests.Count / _latencies.Length); !_phase.IsOver; next = (next + 1) % requests.Count)
        {
            long started = Stopwatch.GetTimestamp();
            await connection.AskAsync(requests[next]);
            long ticks = Stopwatch.GetTimestamp() - started;
            if (!_phase.IsMeasured)
            {
                continue;
            }

            // Every session was incremented once before it was first used: a number below that is another session, or none.
            if (connection.IsSuccess && Utf8Parser.TryParse(connection.Body, out int number, out _) && number > 0)
            {
                _latencies[index].Record(ticks);
            }
            else
            {
                _lost[index]++;
            }
        }
    }
}
