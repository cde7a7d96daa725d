namespace CascadeCache.Datastore;

/// <summary>
/// A value that is made once, on first use, for everyone who waits. A failure goes to those who waited for that attempt; the next caller tries
/// again. Safe for use by any thread.
/// </summary>
internal sealed class RetryableLazy<T>(Func<Task<T>> create)
{
    private readonly Lock _gate = new();
    private Task<T>? _current;

    /// <summary>The value, if it has been made.</summary>
    public bool TryGet(out T? value)
    {
        Task<T>? current = Volatile.Read(ref _current);
        bool isMade = current is { IsCompletedSuccessfully: true };
        value = isMade ? current!.Result : default;
        return isMade;
    }

    public Task<T> GetAsync()
    {
        TaskCompletionSource<T> mine;
        lock (_gate)
        {
            if (_current is { IsFaulted: false, IsCanceled: false } current)
            {
                return current;
            }

            mine = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _current, mine.Task);
        }

        // Outside the gate: the maker may run for long before its first await.
        _ = MakeAsync(mine);
        return mine.Task;
    }

    private async Task MakeAsync(TaskCompletionSource<T> mine)
    {
        try
        {
            mine.SetResult(await create().ConfigureAwait(false));
        }
#pragma warning disable CA1031 // Every failure goes to those who wait.
        catch (Exception e)
#pragma warning restore CA1031
        {
            mine.SetException(e);
        }
    }
}
