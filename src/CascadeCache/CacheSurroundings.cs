using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CascadeCache;

/// <summary>What a cache takes from its host: clock, logger, meters, environment, and the randomness of its delays.</summary>
internal sealed record CacheSurroundings
{
    public const string LogCategory = "CascadeCache";

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;

    public IMeterFactory? MeterFactory { get; init; }

    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Numbers from 0 to 1; null: each retry's own source.</summary>
    public Func<double>? Random { get; init; }
}
