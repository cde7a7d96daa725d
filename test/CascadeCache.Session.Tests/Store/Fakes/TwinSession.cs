using System.Diagnostics.CodeAnalysis;
using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>What a broken twin does wrong. Each is a mistake that an implementation could make.</summary>
public enum Defect
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Lets the read that the stock session makes for its log line replace the base of the merge.</summary>
    BaseIsLoggingRead,

    /// <summary>Takes what was stored for what the session object knows.</summary>
    BaseIsMerged,

    /// <summary>Takes a session without names for a cleared one.</summary>
    EmptyIsClear,

    /// <summary>Does not notice Clear.</summary>
    ClearIsIgnored,

    /// <summary>Does not merge in a second commit, since its version is right.</summary>
    SecondCommitTrustsItsVersion,

    /// <summary>Never refreshes what it has loaded, however long ago.</summary>
    NeverRefreshesWhatItLoaded,
}

/// <summary>A session as a broken implementation would make it: a test that does not catch it tests nothing.</summary>
internal sealed class TwinSession : ISession
{
    private readonly DistributedSession _stock;
    private readonly TwinCache _cache;

    public TwinSession(SessionServices services, ILoggerFactory logs, Defect defect)
    {
        _cache = new TwinCache(services, defect);
        _stock = new DistributedSession(_cache, SessionLab.Key, SessionLab.IdleTimeout, Timeout.InfiniteTimeSpan, static () => true, logs, isNewSessionKey: false);
    }

    public bool IsAvailable => _stock.IsAvailable;

    public string Id => _stock.Id;

    public IEnumerable<string> Keys => _stock.Keys;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => _stock.TryGetValue(key, out value);

    public void Set(string key, byte[] value) => _stock.Set(key, value);

    public void Remove(string key) => _stock.Remove(key);

    public void Clear()
    {
        _stock.Clear();
        _cache.NoteClear();
    }

    public Task LoadAsync(CancellationToken cancellationToken = default) => _stock.LoadAsync(cancellationToken);

    public Task CommitAsync(CancellationToken cancellationToken = default) => _stock.CommitAsync(cancellationToken);

    private sealed class TwinCache(SessionServices services, Defect defect) : IDistributedCache
    {
        private RequestSessionCache _request = New(services);
        private bool _isCleared;
        private int _reads;
        private int _writes;

        public void NoteClear()
        {
            _isCleared = defect != Defect.ClearIsIgnored;
            if (_isCleared)
            {
                _request.NoteClear();
            }
        }

        public byte[]? Get(string key) => throw new InvalidOperationException("The twins are loaded first.");

        public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
        {
            if (_reads++ > 0 && defect == Defect.BaseIsLoggingRead)
            {
                await StartAnewAsync(key, token);
            }

            return await _request.GetAsync(key, token);
        }

        public Task RefreshAsync(string key, CancellationToken token = default) =>
            defect == Defect.NeverRefreshesWhatItLoaded && _reads > 0 ? Task.CompletedTask : _request.RefreshAsync(key, token);

        public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            if (defect == Defect.EmptyIsClear && value.Length == 20)
            {
                _request.NoteClear();
            }

            if (defect == Defect.SecondCommitTrustsItsVersion && _writes++ > 0 && !_isCleared)
            {
                VersionedValue theirs = await services.Versioned!.GetVersionedAsync(key, token);
                await services.Versioned.TrySetAsync(key, value, theirs.Version, options, token);
                return;
            }

            await _request.SetAsync(key, value, options, token);
            _isCleared = false;
            if (defect == Defect.BaseIsMerged)
            {
                await StartAnewAsync(key, token);
            }
        }

        public void Refresh(string key) => throw new InvalidOperationException("Not called by a session.");

        public void Remove(string key) => throw new InvalidOperationException("Not called by a session.");

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new InvalidOperationException("Not called by a session.");

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new InvalidOperationException("Not called by a session.");

        private static RequestSessionCache New(SessionServices services) => new(services, SessionLab.IdleTimeout, isNew: false);

        private async Task StartAnewAsync(string key, CancellationToken token)
        {
            _request = New(services);
            await _request.GetAsync(key, token);
            if (_isCleared)
            {
                _request.NoteClear();
            }
        }
    }
}
