using System.Globalization;
using CascadeCache.Datastore;
using CascadeCache.Memcache;
using Microsoft.Extensions.Options;

namespace CascadeCache;

/// <summary>Finds every fault of the options at once, and says of each what was given and what would be right. Connects to nothing.</summary>
internal sealed class CascadeCacheOptionsValidator(string? name, Func<string, string?> environment, bool hasRequestLayer, bool hasDataProtection = false) : IValidateOptions<CascadeCacheOptions>
{
    private const int MaxKeyPrefixLength = 512;
    private const int MaxConnectionsPerServer = 64;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1);

    /// <summary>The name of the options that are checked; others are somebody else's.</summary>
    public string? Name { get; } = name;

    public ValidateOptionsResult Validate(string? name, CascadeCacheOptions options)
    {
        if (name != Name)
        {
            return ValidateOptionsResult.Skip;
        }

        IReadOnlyList<string> faults = FaultsOf(options, environment, hasRequestLayer, hasDataProtection);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <param name="options">What is checked.</param>
    /// <param name="environment">The environment's variables.</param>
    /// <param name="hasRequestLayer">Whether something provides the request tier; a cache that is made without a container has nobody who could.</param>
    /// <param name="hasDataProtection">Whether there is a Data Protection beside the one that the options may give.</param>
    public static IReadOnlyList<string> FaultsOf(CascadeCacheOptions options, Func<string, string?> environment, bool hasRequestLayer = false, bool hasDataProtection = false)
    {
        var faults = new List<string>();
        CheckGeneral(options, environment, faults);
        if (options.Backends.HasFlag(CascadeBackends.Request) && !hasRequestLayer)
        {
            faults.Add("Backends includes Request, and nothing provides that tier: call AddCascadeRequestLayer() of the package CascadeCache.Session. A cache made without a container cannot have it.");
        }

        if (options.Backends.HasFlag(CascadeBackends.Memcache))
        {
            CheckMemcache(options.Memcache, faults);
            CheckTier("Memcache", options.Resilience.Memcache, options.Memcache.OperationTimeout, faults);
            if (options.ProtectValues && options.DataProtection is null && !hasDataProtection)
            {
                faults.Add("ProtectValues needs Data Protection, and no IDataProtectionProvider is registered: call AddDataProtection(). A cache made without a container takes it from CascadeCacheOptions.DataProtection.");
            }
        }

        if (options.Backends.HasFlag(CascadeBackends.Datastore))
        {
            CheckDatastore(options.Datastore, environment, faults);
            CheckTier("Datastore", options.Resilience.Datastore, options.Datastore.OperationTimeout, faults);
            TimeSpan allowance = options.Resilience.LateCommitAllowance;
            Require(allowance >= TimeSpan.Zero && allowance <= LongestTimeout, "Resilience.LateCommitAllowance", allowance, "from 0 to 1 hour", faults);
        }

        return faults;
    }

    private static void CheckGeneral(CascadeCacheOptions options, Func<string, string?> environment, List<string> faults)
    {
        Require((options.Backends & ~CascadeBackends.All) == 0 && options.Backends != 0, "Backends", options.Backends, "one or more of Request, Memcache and Datastore", faults);
        if (options.KeyPrefix is null || options.KeyPrefix.Length > MaxKeyPrefixLength)
        {
            faults.Add($"KeyPrefix is {(options.KeyPrefix is null ? "null" : "too long")}: expected a text of at most {MaxKeyPrefixLength} characters; it may be empty.");
        }

        if (!options.IsMaxMemcacheSessionSizeSet)
        {
            CascadeEnvironment.ReadMaxMemcacheSessionSizeBytes(environment, out string? fault);
            faults.AddRange(fault is null ? [] : [fault]);
        }

        Require(options.MaxValueBytes >= 0, "MaxValueBytes", options.MaxValueBytes, "0 (whatever fits) or a number of bytes", faults);
        Require(options.CompressionThresholdBytes >= 0, "CompressionThresholdBytes", options.CompressionThresholdBytes, "0 (no compression) or a number of bytes", faults);
        Require(options.DefaultSlidingExpiration > TimeSpan.Zero, "DefaultSlidingExpiration", options.DefaultSlidingExpiration, "more than 0", faults);
        Require(options.MaxStaleness >= TimeSpan.FromSeconds(1), "MaxStaleness", options.MaxStaleness, "at least 1 second", faults);
        Require(Enum.IsDefined(options.Consistency), "Consistency", options.Consistency, "Available or Strict", faults);
        Require(options.MemcacheSlidingSlack is >= 0 and <= 1, "MemcacheSlidingSlack", options.MemcacheSlidingSlack, "from 0 to 1", faults);
        Require(options.DatastoreSlidingSlack is >= 0 and <= 1, "DatastoreSlidingSlack", options.DatastoreSlidingSlack, "from 0 to 1", faults);
    }

    private static void CheckMemcache(MemcacheOptions options, List<string> faults)
    {
        foreach (string server in options.Servers)
        {
            if (!MemcacheServerAddress.TryParse(server, out _, out string? fault))
            {
                faults.Add("Memcache.Servers: " + fault);
            }
        }

        if (options.AutoDiscovery && options.Servers.Count != 1)
        {
            faults.Add($"Memcache.AutoDiscovery needs one server, the discovery endpoint; Memcache.Servers has {options.Servers.Count}.");
        }

        Require(options.ConnectionsPerServer is >= 1 and <= MaxConnectionsPerServer, "Memcache.ConnectionsPerServer", options.ConnectionsPerServer, $"from 1 to {MaxConnectionsPerServer}", faults);
        RequireTimeout("Memcache.ConnectTimeout", options.ConnectTimeout, faults);
        RequireTimeout("Memcache.OperationTimeout", options.OperationTimeout, faults);
        if (options.UserName is null != options.Password is null)
        {
            faults.Add("Memcache.UserName and Memcache.Password go together: one of them is missing.");
        }

        if (options.UserName is { } user && (user.Length == 0 || user.AsSpan().IndexOfAny(" \r\n\0") >= 0))
        {
            faults.Add("Memcache.UserName must not be empty and must not contain blanks or line ends.");
        }

        if (options.Password?.AsSpan().IndexOfAny("\r\n\0") >= 0)
        {
            faults.Add("Memcache.Password must not contain line ends.");
        }
    }

    private static void CheckDatastore(DatastoreOptions options, Func<string, string?> environment, List<string> faults)
    {
        faults.AddRange(DatastoreEndpoint.Faults(options, environment));
        RequireTimeout("Datastore.OperationTimeout", options.OperationTimeout, faults);
        bool isKindUsable = options.Kind is { Length: > 0 and <= 1500 } && !IsReserved(options.Kind) && System.Text.Encoding.UTF8.GetByteCount(options.Kind) <= 1500;
        Require(isKindUsable, "Datastore.Kind", options.Kind, "1 to 1,500 bytes, not of the reserved form __*__", faults);
        bool isNamespaceUsable = options.Namespace is { Length: <= 100 } && !IsReserved(options.Namespace)
            && options.Namespace.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        Require(isNamespaceUsable, "Datastore.Namespace", options.Namespace, "at most 100 letters, digits, '.', '-' and '_', not of the reserved form __*__", faults);
        Require(options.DatabaseId is not (null or "(default)"), "Datastore.DatabaseId", options.DatabaseId, "the name of a database, or empty for the default one", faults);
        Require(options.ProjectId is null || options.ProjectId.Trim().Length > 0, "Datastore.ProjectId", options.ProjectId, "a project's id, or null to look for it", faults);
    }

    private static void CheckTier(string tier, TierResilienceOptions options, TimeSpan attempt, List<string> faults)
    {
        string path = "Resilience." + tier + ".";
        RequireTimeout(path + "TotalTimeout", options.TotalTimeout, faults);
        Require(options.TotalTimeout >= attempt, path + "TotalTimeout", options.TotalTimeout, $"at least {tier}.OperationTimeout ({attempt})", faults);
        Require(options.MaxRetryAttempts is >= 0 and <= 20, path + "MaxRetryAttempts", options.MaxRetryAttempts, "from 0 to 20", faults);
        Require(options.RetryBaseDelay >= TimeSpan.Zero && options.RetryBaseDelay <= LongestTimeout, path + "RetryBaseDelay", options.RetryBaseDelay, "from 0 to 1 hour", faults);
        Require(options.RetryMaxDelay >= options.RetryBaseDelay && options.RetryMaxDelay <= LongestTimeout, path + "RetryMaxDelay", options.RetryMaxDelay, "from RetryBaseDelay to 1 hour", faults);
        Require(options.BreakerFailureRatio is > 0 and <= 1, path + "BreakerFailureRatio", options.BreakerFailureRatio, "above 0, at most 1", faults);
        Require(options.BreakerMinimumThroughput >= 2, path + "BreakerMinimumThroughput", options.BreakerMinimumThroughput, "at least 2", faults);
        RequireBreakerTime(path + "BreakerSamplingDuration", options.BreakerSamplingDuration, faults);
        RequireBreakerTime(path + "BreakDuration", options.BreakDuration, faults);
    }

    private static void RequireTimeout(string option, TimeSpan value, List<string> faults) =>
        Require(value >= TimeSpan.FromMilliseconds(10) && value <= LongestTimeout, option, value, "from 10 milliseconds to 1 hour", faults);

    private static void RequireBreakerTime(string option, TimeSpan value, List<string> faults) =>
        Require(value >= TimeSpan.FromMilliseconds(500) && value <= TimeSpan.FromDays(1), option, value, "from 500 milliseconds to 1 day", faults);

    private static void Require<T>(bool isRight, string option, T value, string expected, List<string> faults)
    {
        if (!isRight)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option} is '{value}': expected {expected}."));
        }
    }

    private static bool IsReserved(string name) => name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal);
}
