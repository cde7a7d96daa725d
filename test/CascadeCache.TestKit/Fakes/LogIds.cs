using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CascadeCache.TestKit.Fakes;

/// <summary>A logger that keeps the ids of what was logged.</summary>
internal sealed class LogIds : ILogger
{
    private readonly ConcurrentQueue<int> _ids = new();

    public IReadOnlyCollection<int> Ids => _ids;

    public int Count(int id) => _ids.Count(i => i == id);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _ids.Enqueue(eventId.Id);
}
