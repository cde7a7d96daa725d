using CascadeCache.Diagnostics;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;

namespace CascadeCache.Resilience;

/// <summary>
/// Tells the log when a circuit opens and closes. The circuit breaker's own events would do, but the caller whose attempt changed the state waits for them, and they
/// are raised on the thread pool: with a starved pool a blocking caller would wait for ever. Called on any thread, also under the breaker's lock;
/// so the log is written elsewhere, and nobody waits for it.
/// </summary>
internal sealed class CircuitLog(string tier, CircuitBreakerStateProvider state, ILogger logger)
{
    private int _isOpen;

    /// <summary>Whether the circuit is open, or lets a trial through.</summary>
    public bool IsOpen => Volatile.Read(ref _isOpen) == 1;

    /// <summary>The circuit is about to open, the first time or again after a trial that failed.</summary>
    public void Opening(TimeSpan duration)
    {
        Volatile.Write(ref _isOpen, 1);
        _ = Task.Run(() => CascadeLog.CircuitOpened(logger, tier, duration));
    }

    /// <summary>An attempt has ended, and the breaker does not know it yet: a trial that did not fail is about to close the circuit.</summary>
    public void Ended(bool isFailure)
    {
        // Others that began before the circuit opened may end well while it is open; they change nothing.
        if (!isFailure && Volatile.Read(ref _isOpen) == 1 && state.CircuitState == CircuitState.HalfOpen && Interlocked.Exchange(ref _isOpen, 0) == 1)
        {
            _ = Task.Run(() => CascadeLog.CircuitClosed(logger, tier));
        }
    }
}
