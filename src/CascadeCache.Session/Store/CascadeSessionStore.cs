using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Store;

/// <summary>
/// Creates the session of a request: the stock one, over a small cache of its own that knows this request and this session only, and goes to the real cache for what is needed. So that
/// everything about names, values, events and availability is stock behaviour. One for the application; any thread.
/// </summary>
internal sealed class CascadeSessionStore(SessionServices services, ILoggerFactory loggerFactory) : ISessionStore
{
    public ISession Create(string sessionKey, TimeSpan idleTimeout, TimeSpan ioTimeout, Func<bool> tryEstablishSession, bool isNewSessionKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionKey);
        ArgumentNullException.ThrowIfNull(tryEstablishSession);
        var cache = new RequestSessionCache(services, idleTimeout, isNewSessionKey);
        var session = new CascadeSession(new DistributedSession(cache, sessionKey, idleTimeout, ioTimeout, tryEstablishSession, loggerFactory, isNewSessionKey), cache);
        SessionHolder.Current?.Session = session;
        return session;
    }

    /// <summary>The cache that sessions are stored in: the one behind all that stand before it for the length of a request.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static IDistributedCache CacheOf(IDistributedCache? registered)
    {
        IDistributedCache cache = registered
            ?? throw new InvalidOperationException("AddCascadeSession() needs an IDistributedCache, and none is registered. Register one with AddCascadeDistributedCache().");
        while (cache is IDistributedCacheWrapper wrapper)
        {
            cache = wrapper.Inner;
        }

        return cache;
    }
}
