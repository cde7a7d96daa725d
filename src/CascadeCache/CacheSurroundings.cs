using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using CascadeCache.Primitives;
using Microsoft.AspNetCore.DataProtection;
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

    /// <summary>Whether somebody stands over the cache with the request tier.</summary>
    public bool HasRequestLayer { get; init; }

    /// <summary>The host's Data Protection; what the options give comes first.</summary>
    public IDataProtectionProvider? DataProtection { get; init; }

    /// <summary>For keys and nonces.</summary>
    public FillRandom FillRandom { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Numbers from 0 to 1, for the jitter of retries and reconnects: a crowd of processes must not come back at once.</summary>
    public Func<double> Random { get; init; } = static () => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
