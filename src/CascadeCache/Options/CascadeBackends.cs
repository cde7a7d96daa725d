namespace CascadeCache;

/// <summary>The tiers that a cache is made of.</summary>
[Flags]
public enum CascadeBackends
{
    /// <summary>
    /// A copy in <c>HttpContext.Items</c> for the length of one request. Needs <c>AddCascadeRequestLayer()</c> of the package CascadeCache.Session; without it the start fails. Alone: values live for the
    /// length of a request and nowhere else, and a call outside of a request throws <see cref="CascadeUnavailableException"/>.
    /// </summary>
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
