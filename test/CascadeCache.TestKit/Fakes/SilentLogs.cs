using Microsoft.Extensions.Logging;

namespace CascadeCache.TestKit.Fakes;

/// <summary>Logs that nobody reads, at every level: what matters is that somebody listens, because the stock session then asks the cache for more.</summary>
internal sealed class SilentLogs : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // The level is what matters.
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
