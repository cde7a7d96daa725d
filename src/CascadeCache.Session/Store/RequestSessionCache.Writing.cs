using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Merging;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Store;

/// <summary>How a request's session is stored when others may have stored theirs since it was loaded.</summary>
internal sealed partial class RequestSessionCache
{
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        long start = services.Time.GetTimestamp();
        _cache.Set(key, value, options);
        _state.Written(value, value, null);
        Stored(start, SessionCounter.LastWriteWins);
    }

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        long start = services.Time.GetTimestamp();
        try
        {
            var write = new Write(key, value, options, token);
            Stored(start, await StoreAsync(write).ConfigureAwait(false));
        }
        catch
        {
            // It may have been stored all the same, and the stock session tries once more at the end of the request, perhaps with something else.
            if (_uncertain.Count == 0 || !_uncertain[^1].AsSpan().SequenceEqual(value))
            {
                _uncertain.Add(value);
            }

            throw;
        }
    }

    private void Stored(long start, SessionCounter result)
    {
        _uncertain.Clear();
        _isCleared = false;
        _extendedAt = start;
        services.Counters.Add(result);
    }

    private Task<SessionCounter> StoreAsync(Write write) =>
        (_isCleared, services.Versioned, _options.Writes) switch
        {
            (true, _, _) => OverwriteAsync(write, write.Mine, SessionCounter.Cleared),
            (_, null, _) => OverwriteAsync(write, write.Mine, SessionCounter.LastWriteWins),
            (_, { } versioned, CascadeSessionWrites.Detect) => DetectAsync(versioned, write),
            (_, { } versioned, _) => MergeAsync(versioned, write),
        };

    private async Task<SessionCounter> OverwriteAsync(Write write, byte[] stored, SessionCounter result)
    {
        await _cache.SetAsync(write.Key, stored, write.Options, write.Token).ConfigureAwait(false);
        Written(write, stored, null);
        return result;
    }

    private async Task<SessionCounter> DetectAsync(IVersionedDistributedCache cache, Write write)
    {
        // Unknown after a write of this same request that went through whatever was stored.
        if (_state.Version is not { } version)
        {
            return await OverwriteAsync(write, write.Mine, SessionCounter.LastWriteWins).ConfigureAwait(false);
        }

        if (await TryAsync(cache, write, write.Mine, version).ConfigureAwait(false) is not null)
        {
            return SessionCounter.FirstAttempts;
        }

        // Another version is not always another session: reading one extends its life. Who is told of a lost update must be able to believe it.
        VersionedValue theirs = await cache.GetVersionedAsync(write.Key, write.Token).ConfigureAwait(false);
        if (theirs.Value is null || (_state.Current is { } seen && theirs.Value.AsSpan().SequenceEqual(seen)))
        {
            return await OverwriteAsync(write, write.Mine, SessionCounter.Retried).ConfigureAwait(false);
        }

        SessionLog.Overwritten(services.Logger);
        return await OverwriteAsync(write, write.Mine, SessionCounter.Overwritten).ConfigureAwait(false);
    }

    private async Task<SessionCounter> MergeAsync(IVersionedDistributedCache cache, Write write)
    {
        VersionedValue? stored = null;
        WriteTurn turn = services.Turns.Join(write.Key);
        try
        {
            // The first attempt trusts what this request has seen; so a write that meets nobody costs nothing more than a stock one.
            bool isSeen = turn.IsFirst ? _state.Version is not null : await SeesPredecessorAsync(turn, write.Token).ConfigureAwait(false);
            for (int attempt = 1; ; attempt++)
            {
                if (attempt > 1 || !isSeen)
                {
                    _state.Seen(await cache.GetVersionedAsync(write.Key, write.Token).ConfigureAwait(false));
                }

                // What cannot be merged is overwritten, but only that: if another write comes in between, it is looked at anew.
                byte[] value = SessionMerge.Merge(new MergeHistory(_state.Base, _uncertain), write.Mine, _state.Current, out string? obstacle) ?? write.Mine;
                stored = await TryAsync(cache, write, value, _state.Version!.Value).ConfigureAwait(false);
                if (stored is not null)
                {
                    return ResultOf(attempt, isMine: ReferenceEquals(value, write.Mine), obstacle);
                }

                if (attempt >= _options.MaxWriteAttempts)
                {
                    // The last write wins, but with all that is known of the others.
                    SessionLog.AttemptsExhausted(services.Logger, attempt);
                    return await OverwriteAsync(write, value, SessionCounter.AttemptsExhausted).ConfigureAwait(false);
                }

                await DelayAsync(attempt, write.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            services.Turns.Pass(turn, stored);
        }
    }

    // What this request has seen before it had to wait is out of date by then. What its predecessor has stored is as good as a read; if that is not known, a read has to be made.
    private async ValueTask<bool> SeesPredecessorAsync(WriteTurn turn, CancellationToken token)
    {
        services.Counters.Add(SessionCounter.WaitedTurns);
        if (await turn.WaitAsync(token).ConfigureAwait(false) is not { } stored)
        {
            return false;
        }

        _state.Seen(stored);
        return true;
    }

    private SessionCounter ResultOf(int attempt, bool isMine, string? obstacle)
    {
        if (obstacle is not null)
        {
            SessionLog.NotMergeable(services.Logger, obstacle);
            return SessionCounter.NotMergeable;
        }

        return !isMine ? SessionCounter.Merged : attempt == 1 ? SessionCounter.FirstAttempts : SessionCounter.Retried;
    }

    /// <returns>What is stored now; null: the version did not stand.</returns>
    private async Task<VersionedValue?> TryAsync(IVersionedDistributedCache cache, Write write, byte[] value, CacheVersion expected)
    {
        if (await cache.TrySetAsync(write.Key, value, expected, write.Options, write.Token).ConfigureAwait(false) is not { } version)
        {
            services.Counters.Add(SessionCounter.Conflicts);
            return null;
        }

        Written(write, value, version);
        return new VersionedValue(value, version);
    }

    // Two requests that re-create one expired session have invented an id each, and the first one's was kept. The session object goes on with its own; so that its next
    // commit is not taken for one of another session, what it wrote is remembered under the id that it was stored with.
    private void Written(Write write, byte[] stored, CacheVersion? version) =>
        _state.Written(SessionBlobWriter.WithIdOf(write.Mine, stored), stored, version);

    private Task DelayAsync(int failed, CancellationToken token)
    {
        if (failed == 1 || _options.RetryBaseDelay == TimeSpan.Zero)
        {
            return Task.CompletedTask;
        }

        double longest = Math.Min(_options.RetryMaxDelay.Ticks, _options.RetryBaseDelay.Ticks * Math.Pow(2, failed - 2));
        return Task.Delay(TimeSpan.FromTicks((long)(longest * services.Random())), services.Time, token);
    }

    private readonly record struct Write(string Key, byte[] Mine, DistributedCacheEntryOptions Options, CancellationToken Token);
}
