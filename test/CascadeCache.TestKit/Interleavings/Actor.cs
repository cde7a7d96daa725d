using System.IO.Hashing;
using System.Runtime.InteropServices;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Tiers;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>One operation on its way, or a piece of background work: what it waits for, and a digest of all that it has learned.</summary>
/// <remarks>
/// The flow's code is deterministic: an actor that has seen the same answers at the same times is in the same place with the same local state. So the digest, with
/// which of its tokens are still good, stands for that state.
/// </remarks>
internal sealed class Actor(int index, int process, ActorPlan? plan)
{
    private readonly List<VolatileToken> _tokens = [];

    public int Index { get; } = index;

    public int Process { get; } = process;

    /// <summary>Null: background work.</summary>
    public ActorPlan? Plan { get; } = plan;

    public bool HasStarted { get; set; } = plan is null;

    public bool HasEnded { get; set; }

    /// <summary>The command that waits to be executed.</summary>
    public WaitingCommand? Waiting { get; set; }

    public ulong Digest { get; private set; }

    public IReadOnlyList<VolatileToken> Tokens => _tokens;

    public int WriterIds { get; set; }

    /// <summary>The version of what it has committed; 0: nothing yet.</summary>
    public long CommittedVersion { get; set; }

    /// <summary>What had been acknowledged or seen when it began.</summary>
    public long Floor { get; set; }

    public bool IsWriter => Plan?.Kind is ActorKind.Set or ActorKind.SetLarge or ActorKind.Remove or ActorKind.Replace;

    public void Learn(long what)
    {
        Span<long> mixed = [(long)Digest, what];
        Digest = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(mixed));
    }

    public void Learn(ReadOnlySpan<byte> bytes) => Learn((long)XxHash3.HashToUInt64(bytes));

    public void Keep(VolatileToken token)
    {
        if (token != default)
        {
            _tokens.Add(token);
        }
    }
}

/// <summary>A command that has arrived at a fake and waits for its fate.</summary>
/// <remarks>Continuations run at once, on the explorer's thread: that is what makes a schedule repeatable.</remarks>
internal sealed class WaitingCommand(VolatileCommand? toServer, DurableCommand? toStore)
{
    private readonly TaskCompletionSource<int> _fate = new();

    public VolatileCommand? ToServer { get; } = toServer;

    public DurableCommand? ToStore { get; } = toStore;

    public bool IsCommit => ToStore is { Kind: not DurableCommandKind.Read };

    /// <summary>The connection on which it waits.</summary>
    public long Epoch { get; set; }

    public Task<int> Fate => _fate.Task;

    public void Meet(int fate) => _fate.SetResult(fate);
}
