using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>Keeps what was logged.</summary>
internal sealed class LogBook : ILogger
{
    private readonly ConcurrentQueue<Line> _lines = new();

    public IEnumerable<Line> Of(int id) => _lines.Where(line => line.Id == id);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue(new Line(eventId.Id, logLevel, formatter(state, exception), exception));

    internal sealed record Line(int Id, LogLevel Level, string Text, Exception? Exception);
}
