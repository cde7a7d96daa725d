using System.Collections.Concurrent;
using System.Diagnostics;

namespace WebSession;

/// <summary>One call of the cache.</summary>
internal sealed record CacheCall(string Operation, string? Tier, TimeSpan Duration);

/// <summary>Listens to the cache's spans and gives each request those of its own calls, by the span that they are children of.</summary>
internal sealed class CacheTimings : IDisposable
{
    private readonly ConcurrentDictionary<ActivitySpanId, ConcurrentQueue<CacheCall>> _requests = new();
    private readonly ActivityListener _listener;

    public CacheTimings()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "CascadeCache",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = Record,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Notes the cache's calls until the returned watch is disposed.</summary>
    public Watch Begin() => new(this, new Activity("page").Start());

    public void Dispose() => _listener.Dispose();

    private void Record(Activity call)
    {
        if (_requests.TryGetValue(call.ParentSpanId, out ConcurrentQueue<CacheCall>? calls))
        {
            calls.Enqueue(new CacheCall(call.OperationName, call.GetTagItem("cascadecache.tier") as string, call.Duration));
        }
    }

    internal sealed class Watch : IDisposable
    {
        private readonly CacheTimings _timings;
        private readonly Activity _request;

        public Watch(CacheTimings timings, Activity request)
        {
            (_timings, _request) = (timings, request);
            _timings._requests[request.SpanId] = Calls;
        }

        public ConcurrentQueue<CacheCall> Calls { get; } = new();

        public void Dispose()
        {
            _timings._requests.TryRemove(_request.SpanId, out _);
            _request.Dispose();
        }
    }
}
