namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>What the application has its sessions on.</summary>
internal enum SessionSetup
{
    /// <summary>No session at all: what the rest of a request costs.</summary>
    None,
    Memory,
    Redis,
    Memcache,
    MemcacheCascadeSession,
    Distributed,
    DistributedCascadeSession,
}

internal static class SessionSetups
{
    public static readonly SessionSetup[] All = Enum.GetValues<SessionSetup>();

    public static string NameOf(SessionSetup setup) => setup switch
    {
        SessionSetup.None => "no session",
        SessionSetup.Memory => "MemoryDistributedCache",
        SessionSetup.Redis => "RedisCache",
        SessionSetup.Memcache => "CascadeCache, memcache only",
        SessionSetup.MemcacheCascadeSession => "CascadeCache, memcache only, AddCascadeSession",
        SessionSetup.Distributed => "CascadeCache, distributed",
        _ => "CascadeCache, distributed, AddCascadeSession",
    };

    public static bool IsOurs(SessionSetup setup) => setup >= SessionSetup.Memcache;

    public static bool IsDistributed(SessionSetup setup) => setup >= SessionSetup.Distributed;

    public static bool HasCascadeSession(SessionSetup setup) => setup is SessionSetup.MemcacheCascadeSession or SessionSetup.DistributedCascadeSession;
}
