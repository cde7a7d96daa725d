using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>Keeps what was logged at or above a level.</summary>
internal sealed class KeptLogs(LogLevel level) : ILoggerProvider, ILoggerFactory
{
    private readonly ConcurrentQueue<(string Category, int Id, LogLevel Level, string Text)> _entries = new();

    public IReadOnlyCollection<(string Category, int Id, LogLevel Level, string Text)> Entries => _entries;

    /// <summary>The ids of our own messages, in order.</summary>
    public IEnumerable<int> OwnIds => _entries.Where(static entry => entry.Category == "CascadeCache.Session").Select(static entry => entry.Id);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName, level);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This is the only one.");

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Logger(KeptLogs owner, string category, LogLevel level) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= level;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner._entries.Enqueue((category, eventId.Id, logLevel, formatter(state, exception) + exception));
            }
        }
    }
}
