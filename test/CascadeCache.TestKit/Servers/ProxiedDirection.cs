namespace CascadeCache.TestKit.Servers;

/// <summary>What happens to the bytes of all connections of a <see cref="FaultProxy"/> in one direction. Any thread.</summary>
public sealed class ProxiedDirection
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _held;
    private int _toDrop;
    private int _toPassBefore;

    /// <summary>How long each piece waits before it is passed on. What arrives meanwhile goes with the next piece: nothing is later than twice this.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How many bytes have been lost.</summary>
    public int Dropped { get; private set; }

    /// <summary>Holds all bytes back, without closing anything, until <see cref="Release"/>.</summary>
    public void Hold()
    {
        lock (_gate)
        {
            _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Passes on what was held back, and all that comes.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _held?.SetResult();
            _held = null;
        }
    }

    /// <summary>Loses bytes in the middle of the stream, once; what follows is passed on as if nothing were missing.</summary>
    /// <param name="count">How many.</param>
    /// <param name="after">How many are passed on before.</param>
    public void Drop(int count, int after)
    {
        lock (_gate)
        {
            (_toDrop, _toPassBefore) = (count, after);
        }
    }

    /// <summary>Waits as long as a piece has to wait, then takes out of it what is to be lost.</summary>
    /// <returns>How many bytes are left at the beginning of <paramref name="piece"/>.</returns>
    internal async ValueTask<int> SpoilAsync(Memory<byte> piece, CancellationToken cancellationToken)
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, TimeProvider.System, cancellationToken);
        }

        while (Held() is { } held)
        {
            await held.WaitAsync(cancellationToken);
        }

        return Lose(piece.Span);
    }

    private Task? Held()
    {
        lock (_gate)
        {
            return _held?.Task;
        }
    }

    private int Lose(Span<byte> piece)
    {
        lock (_gate)
        {
            if (_toDrop == 0)
            {
                return piece.Length;
            }

            int kept = Math.Min(_toPassBefore, piece.Length);
            _toPassBefore -= kept;
            int lost = Math.Min(_toDrop, piece.Length - kept);
            _toDrop -= lost;
            Dropped += lost;
            piece[(kept + lost)..].CopyTo(piece[kept..]);
            return piece.Length - lost;
        }
    }
}
