using System.Security.Cryptography;
using CascadeCache.Session.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache.Session.Store;

/// <summary>What every session of an application works with.</summary>
/// <param name="Cache">Where sessions are stored.</param>
/// <param name="Options">Checked.</param>
/// <param name="Time">Measures and waits.</param>
internal sealed record SessionServices(IDistributedCache Cache, CascadeSessionOptions Options, TimeProvider Time)
{
    /// <summary>The same cache, if writes are conditional; null if the last one wins.</summary>
    public IVersionedDistributedCache? Versioned { get; } =
        Options.Writes == CascadeSessionWrites.LastWriteWins ? null : Cache as IVersionedDistributedCache ?? throw new InvalidOperationException(NotVersioned(Cache, Options));

    public SessionCounters Counters { get; init; } = new();

    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>The order of those who write one session at the same time.</summary>
    public WriteTurns Turns { get; } = new(Time);

    /// <summary>Numbers from 0 to 1, for the jitter of retries: requests that met each other must not meet again.</summary>
    public Func<double> Random { get; init; } = static () => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    private static string NotVersioned(IDistributedCache cache, CascadeSessionOptions options) =>
        $"CascadeSessionOptions.Writes is {options.Writes}, which needs a cache that implements IVersionedDistributedCache; the registered IDistributedCache is {cache.GetType().FullName}. "
        + "Register the cache with AddCascadeDistributedCache(), after any other, or set Writes to LastWriteWins.";
}
