namespace CascadeCache.Diagnostics;

/// <summary>What the tiers are called in spans, metrics and statistics.</summary>
internal static class TierNames
{
    public const string Memcache = "memcache";
    public const string Datastore = "datastore";
}
