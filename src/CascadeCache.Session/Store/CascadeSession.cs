using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Store;

/// <summary>
/// The stock session of one request, and what cannot be seen from the cache beneath it: that it was cleared, and how its loads and commits ended. Like the stock session not for several
/// threads at once.
/// </summary>
internal sealed class CascadeSession(ISession stock, RequestSessionCache cache) : ISession
{
    public bool IsAvailable => stock.IsAvailable;

    public string Id => stock.Id;

    public IEnumerable<string> Keys => stock.Keys;

    /// <summary>Whether the request brought no session.</summary>
    public bool IsNew => cache.IsNew;

    /// <summary>How the last commit failed; null if it did not.</summary>
    public Exception? CommitFailure { get; private set; }

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => stock.TryGetValue(key, out value);

    public void Set(string key, byte[] value) => stock.Set(key, value);

    public void Remove(string key) => stock.Remove(key);

    // A cleared session and one whose last name was removed are the same bytes; but who clears a session, at a logout say, means also what another request has added meanwhile.
    public void Clear()
    {
        stock.Clear();
        cache.NoteClear();
    }

    public async Task LoadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await stock.LoadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The time-out of the stock session is among these. A load that the caller has called off has not failed.
            cache.NoteFailedLoad(exception);
            throw;
        }
    }

    public async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await stock.CommitAsync(cancellationToken).ConfigureAwait(false);
            CommitFailure = null;
        }
        catch (Exception exception)
        {
            CommitFailure = exception;
            throw;
        }
    }

    /// <summary>Stores what was changed. Unlike a commit it does not extend the life of a session that was not changed: that is left to the end of the request.</summary>
    public async Task CommitChangesAsync()
    {
        if (!cache.IsLoaded)
        {
            return;
        }

        cache.LeavesRefreshes = true;
        try
        {
            await CommitAsync().ConfigureAwait(false);
        }
        finally
        {
            cache.LeavesRefreshes = false;
        }
    }
}
