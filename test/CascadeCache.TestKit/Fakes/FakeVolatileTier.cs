using System.Buffers;
using System.Text;
using CascadeCache.Entries;
using CascadeCache.Primitives;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Fakes;

internal enum VolatileCommandKind
{
    Read,
    CompareAndSet,
    Set,
    Delete,
}

/// <summary>A command on its way to the server.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Stores">The kind of what it stores; <see cref="EntryKind.None"/> for reads and deletions.</param>
/// <param name="WithLease">Whether a read asks for the right to fill.</param>
/// <param name="IsBackground">Whether it comes from work that no caller waits for, where the test's own calls are blocking ones.</param>
internal sealed record VolatileCommand(VolatileCommandKind Kind, EntryKind Stores, bool WithLease, bool IsBackground);

internal enum VolatileFate
{
    /// <summary>Executed and answered.</summary>
    Run,

    /// <summary>Neither; the connection is gone, the next command has a new one.</summary>
    Lost,

    /// <summary>Executed, but the answer is lost with the connection.</summary>
    ReplyLost,

    /// <summary>Executed, but the caller has stopped waiting; the connection stays, and its tokens with it.</summary>
    ReplyLate,

    /// <summary>The connection is lost, and the command is executed when the test says so, if at all.</summary>
    Delayed,

    /// <summary>The server has no memory: a read finds nothing, a change drops the item.</summary>
    NoMemory,
}

/// <summary>One process's way to a <see cref="FakeVolatileServer"/>; it can be cut while those of other processes are not.</summary>
internal sealed class FakeVolatileTier(FakeVolatileServer server) : IVolatileTier, IVolatileServer
{
    private readonly List<DelayedCommand> _delayed = [];
    private long _connection = 1;
    private int _openReads;
    private volatile bool _isCut;

    public event Action<IVolatileServer>? ServerReachable;

    public FakeScript<VolatileCommand, VolatileFate> Script { get; } = new(VolatileFate.Run);

    public FakeVolatileServer Server => server;

    /// <summary>The server that the flow gets: a broken twin can put itself in between.</summary>
    public Func<IVolatileServer, IVolatileServer> Wrap { get; set; } = static s => s;

    /// <summary>Reads whose memory was not given back yet.</summary>
    public int OpenReads => Volatile.Read(ref _openReads);

    public string Name => "fake:11211";

    public bool IsStandIn { get; set; }

    public TimeSpan? MinimumAge => server.MinimumAge;

    public long MaxItemBytes(CacheKey key) => server.ItemLimit;

    public bool IsCut => _isCut;

    public void Cut()
    {
        _isCut = true;
        Interlocked.Increment(ref _connection);
    }

    /// <summary>The server answers again, and nobody has noticed yet.</summary>
    public void Reconnect() => _isCut = false;

    public void Heal()
    {
        Reconnect();
        ServerReachable?.Invoke(Wrap(this));
    }

    /// <summary>Executes what was delayed, oldest first.</summary>
    public void RunDelayed()
    {
        while (_delayed.Count > 0)
        {
            RunDelayed(0);
        }
    }

    /// <summary>Executes one command that was delayed, unless the process that it was sent to has ended.</summary>
    public void RunDelayed(int index)
    {
        DelayedCommand command = _delayed[index];
        _delayed.RemoveAt(index);
        if (server.Life == command.Life)
        {
            command.Run();
        }
    }

    /// <summary>Takes out what can have no effect any more.</summary>
    public void DropDelayed(Predicate<DelayedCommand> isWithoutEffect) => _delayed.RemoveAll(isWithoutEffect);

    public IReadOnlyList<DelayedCommand> Delayed => _delayed;

    public ValueTask<IVolatileServer> FindServerAsync(CacheKey key, CallContext call) => ValueTask.FromResult(Wrap(this));

    public async ValueTask<VolatileRead> ReadAsync(CacheKey key, bool withValue, int leaseSeconds, CallContext call)
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        string name = NameOf(key);
        long epoch = Epoch;
        (VolatileFate fate, FakeStop? after) = await ArriveAsync(new VolatileCommand(VolatileCommandKind.Read, EntryKind.None, leaseSeconds > 0, !call.Blocking)).ConfigureAwait(false);
        FakeVolatileServer.Found found = default;
        bool answered = Execute(fate, epoch, new DelayedCommand(server.Life, null, null, leaseSeconds, () => found = server.Read(name, fate == VolatileFate.NoMemory ? 0 : leaseSeconds)));
        await PassAsync(after).ConfigureAwait(false);
        if (!answered || Epoch != epoch)
        {
            return VolatileRead.Unavailable(new TimeoutException("cut off"));
        }

        byte[] bytes = withValue ? (byte[])found.Bytes.Clone() : [];
        return new VolatileRead(found.Status, new VolatileToken(found.Cas, epoch), found.Flags, found.SecondsToLive, bytes, new Loan(new ReadMemory(this, bytes)), null);
    }

    public ValueTask<VolatileWrite> CompareAndSetAsync(CacheKey key, VolatileToken token, VolatileItem item, CallContext call) =>
        ChangeAsync(VolatileCommandKind.CompareAndSet, key, token, item, call);

    public ValueTask<VolatileWrite> SetAsync(CacheKey key, VolatileItem item, CallContext call) =>
        ChangeAsync(VolatileCommandKind.Set, key, null, item, call);

    public ValueTask<VolatileWrite> DeleteAsync(CacheKey key, VolatileToken? token, CallContext call) =>
        ChangeAsync(VolatileCommandKind.Delete, key, token, null, call);

    public void Dispose() => ServerReachable = null;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What a token must carry to be worth anything now.</summary>
    public long Epoch => (server.Life << 32) + Interlocked.Read(ref _connection);

    private static string NameOf(CacheKey key) => Encoding.ASCII.GetString(key.VolatileName.Span);

    private async ValueTask<VolatileWrite> ChangeAsync(VolatileCommandKind kind, CacheKey key, VolatileToken? token, VolatileItem? item, CallContext call)
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        string name = NameOf(key);
        byte[]? bytes = item is { } i ? [.. i.Header.Span, .. i.Payload.ToArray()] : null;
        uint flags = item?.Flags ?? 0;
        int seconds = item?.Seconds ?? 0;
        if (bytes is not null && (bytes.Length == 0 || seconds < 1))
        {
            throw new InvalidOperationException("An item has a header and a time to live.");
        }

        EntryKind stores = item is null ? EntryKind.None : EntryFlags.KindOf(flags);
        long epoch = Epoch;
        (VolatileFate fate, FakeStop? after) = await ArriveAsync(new VolatileCommand(kind, stores, false, !call.Blocking)).ConfigureAwait(false);
        if (token is { } t && t.Epoch != Epoch)
        {
            return new VolatileWrite(VolatileWriteStatus.Conflict); // the token died with its connection
        }

        (VolatileWriteStatus Status, ulong Cas) outcome = default;
        bool answered = Execute(fate, epoch, new DelayedCommand(server.Life, token, bytes, seconds, () => outcome = server.Change(name, token?.Cas, bytes, flags, seconds)));
        if (fate == VolatileFate.NoMemory)
        {
            server.Evict(name);
            outcome = (VolatileWriteStatus.Refused, 0);
        }

        await PassAsync(after).ConfigureAwait(false);
        return answered && Epoch == epoch
            ? new VolatileWrite(outcome.Status, new VolatileToken(outcome.Cas, epoch))
            : new VolatileWrite(VolatileWriteStatus.Unavailable, default, new TimeoutException("cut off"));
    }

    private async ValueTask<(VolatileFate Fate, FakeStop? After)> ArriveAsync(VolatileCommand command)
    {
        (VolatileFate fate, FakeStop? after) = await Script.ArriveAsync(command).ConfigureAwait(false);
        return (_isCut ? VolatileFate.Lost : fate, after);
    }

    private static ValueTask PassAsync(FakeStop? stop) => stop?.PassAsync() ?? ValueTask.CompletedTask;

    /// <returns>Whether the caller gets an answer.</returns>
    private bool Execute(VolatileFate fate, long epoch, DelayedCommand command)
    {
        if (Epoch != epoch)
        {
            return false; // it waited on a connection that is gone
        }

        switch (fate)
        {
            case VolatileFate.Lost:
                Interlocked.Increment(ref _connection);
                return false;
            case VolatileFate.ReplyLate:
                command.Run();
                return false;
            case VolatileFate.ReplyLost:
                command.Run();
                Interlocked.Increment(ref _connection);
                return false;
            case VolatileFate.Delayed:
                _delayed.Add(command);
                Interlocked.Increment(ref _connection);
                return false;
            default:
                command.Run();
                return true;
        }
    }

    /// <summary>A command that its caller has given up and that may still be executed.</summary>
    /// <param name="Life">The life of the server that it was sent to.</param>
    /// <param name="Token">What the item must still be; null: whatever.</param>
    /// <param name="Bytes">What it stores; null for a read or a deletion.</param>
    /// <param name="Seconds">For how long: its lease, or its item.</param>
    /// <param name="Run">Executes it.</param>
    internal sealed record DelayedCommand(long Life, VolatileToken? Token, byte[]? Bytes, int Seconds, Action Run);

    /// <summary>Memory that is worthless after it was given back, so that a late use shows.</summary>
    private sealed class ReadMemory : IDisposable
    {
        private readonly FakeVolatileTier _tier;
        private byte[]? _bytes;

        public ReadMemory(FakeVolatileTier tier, byte[] bytes)
        {
            (_tier, _bytes) = (tier, bytes);
            Interlocked.Increment(ref tier._openReads);
        }

        public void Dispose()
        {
            byte[] bytes = Interlocked.Exchange(ref _bytes, null) ?? throw new InvalidOperationException("A read was disposed twice.");
            bytes.AsSpan().Fill(0xDD);
            Interlocked.Decrement(ref _tier._openReads);
        }
    }
}
