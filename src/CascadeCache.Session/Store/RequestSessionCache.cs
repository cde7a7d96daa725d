using System.Runtime.ExceptionServices;
using CascadeCache.Session.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Store;

/// <summary>
/// The cache that the stock session of one request is given. It holds what this request has loaded and stored, leaves out the calls that the request has no use for, and merges its writes.
/// Serves one key for one request; like the session above it not for several threads at once.
/// </summary>
/// <remarks>
/// Arrays are handed on without a copy in both directions: the stock session only reads what it is given, and what it writes was made for the call.
/// </remarks>
internal sealed partial class RequestSessionCache(SessionServices services, TimeSpan idleTimeout, bool isNew) : IDistributedCache
{
    private const double RefreshThresholdOfIdleTime = 0.05;

    private readonly IDistributedCache _cache = services.Cache;
    private readonly CascadeSessionOptions _options = services.Options;
    private readonly SessionState _state = new();
    private readonly List<byte[]> _uncertain = [];
    private Exception? _failedLoad;
    private bool _isCleared;

    // When the life of the stored session was last extended by this request, measured before the call; null if it was not.
    private long? _extendedAt;

    /// <summary>Whether the key was invented for this request, so that nothing can be stored under it but by this request.</summary>
    public bool IsNew => isNew;

    /// <summary>Whether the session object has what it stands on. As long as it has not, it cannot have changed it.</summary>
    public bool IsLoaded => _state.IsLoaded;

    /// <summary>Whether a refresh is left to a later call.</summary>
    public bool LeavesRefreshes { get; set; }

    public byte[]? Get(string key)
    {
        if (_failedLoad is { } failure)
        {
            // The caller would block for a time-out that has just passed. A failure must not look like an empty session: the next write would replace the stored one.
            ExceptionDispatchInfo.Throw(failure);
        }

        if (TryAnswer())
        {
            return _state.Base;
        }

        long start = services.Time.GetTimestamp();
        try
        {
            Loaded(services.Versioned is { } versioned ? versioned.GetVersioned(key) : new VersionedValue(_cache.Get(key), default), start);
        }
        catch (Exception exception)
        {
            NoteFailedLoad(exception);
            throw;
        }

        return _state.Base;
    }

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        if (TryAnswer())
        {
            return _state.Base;
        }

        long start = services.Time.GetTimestamp();
        VersionedValue value = services.Versioned is { } versioned
            ? await versioned.GetVersionedAsync(key, token).ConfigureAwait(false)
            : new VersionedValue(await _cache.GetAsync(key, token).ConfigureAwait(false), default);
        Loaded(value, start);
        return _state.Base;
    }

    public void Refresh(string key)
    {
        if (IsRefreshNeeded())
        {
            long start = services.Time.GetTimestamp();
            _cache.Refresh(key);
            _extendedAt = start;
        }
    }

    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        if (IsRefreshNeeded())
        {
            long start = services.Time.GetTimestamp();
            await _cache.RefreshAsync(key, token).ConfigureAwait(false);
            _extendedAt = start;
        }
    }

    public void Remove(string key)
    {
        _cache.Remove(key);
        _state.Forget();
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        await _cache.RemoveAsync(key, token).ConfigureAwait(false);
        _state.Forget();
    }

    /// <summary>The session was cleared: the next write counts whatever else is stored. Under a new key that can be nothing, and its first write remains one that creates.</summary>
    public void NoteClear() => _isCleared = _state.IsLoaded && !(isNew && _state.Current is null);

    /// <summary>A load has failed, here or in the stock session, which could not read what it was given. Another one, if it is asked for, starts anew.</summary>
    public void NoteFailedLoad(Exception exception)
    {
        _state.Forget();
        _extendedAt = null;
        _failedLoad = exception;
    }

    // Also the stock session's second read, which it makes before a write for the sake of a log line. It must not become the base of a merge: what others stored
    // meanwhile would look like something that this request had known and removed.
    private bool TryAnswer()
    {
        if (_state.IsLoaded)
        {
            return true;
        }

        if (!isNew || _options.LoadNewSessions)
        {
            return false;
        }

        services.Counters.Add(SessionCounter.SkippedLoads);
        _state.Loaded(null, CacheVersion.Absent);
        return true;
    }

    private void Loaded(VersionedValue value, long start)
    {
        _state.Loaded(value.Value, services.Versioned is null ? null : value.Version);
        _failedLoad = null;
        _extendedAt = start;
    }

    private bool IsRefreshNeeded()
    {
        if (LeavesRefreshes)
        {
            return false;
        }

        bool isAbsent = _state.IsLoaded ? _state.Current is null : isNew;
        if (!isAbsent && !IsExtended())
        {
            return true;
        }

        services.Counters.Add(SessionCounter.SkippedRefreshes);
        return false;
    }

    private bool IsExtended()
    {
        TimeSpan ofIdleTime = idleTimeout * RefreshThresholdOfIdleTime;
        TimeSpan threshold = _options.RefreshThreshold < ofIdleTime ? _options.RefreshThreshold : ofIdleTime;
        return _extendedAt is { } at && services.Time.GetElapsedTime(at) < threshold;
    }
}
