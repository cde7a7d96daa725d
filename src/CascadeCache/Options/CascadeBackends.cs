namespace CascadeCache;

/// <summary>The tiers that a cache is made of.</summary>
[Flags]
public enum CascadeBackends
{
    /// <summary>A copy in <c>HttpContext.Items</c> for the length of one request. Needs the package CascadeCache.Session.</summary>
    Request = 1,

    /// <summary>memcached: fast and volatile.</summary>
    Memcache = 2,

    /// <summary>Google Cloud Datastore: durable, the source of truth.</summary>
    Datastore = 4,

    /// <summary>memcached in front of Datastore. The default.</summary>
    Distributed = Memcache | Datastore,

    /// <summary>All three tiers.</summary>
    All = Request | Distributed,
}
