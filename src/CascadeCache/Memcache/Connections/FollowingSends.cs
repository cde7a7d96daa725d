namespace CascadeCache.Memcache.Connections;

/// <summary>
/// The connections, the reader's own and others, on which those whom one connection's reader wakes ask for something: they send when it has woken all of them, each once, what all have asked for. Whoever takes a
/// blocked reader's place has that done at once, and nobody is added any more. Safe for use by any thread.
/// </summary>
internal sealed class FollowingSends
{
    [ThreadStatic]
    private static FollowingSends? s_ofThread;

    private readonly Lock _gate = new();
    private readonly List<ISender> _due = [];
    private volatile bool _isOpen;

    /// <summary>What sends.</summary>
    internal interface ISender
    {
        /// <summary>Sends what has gathered; may wait for the server.</summary>
        void SendGathered();

        /// <summary>Has what has gathered sent by somebody else; does not wait.</summary>
        void HaveGatheredSent();
    }

    /// <summary>Whether this thread wakes callers, and sends afterwards.</summary>
    public static bool AreOpen => s_ofThread is { _isOpen: true };

    /// <summary>Sends at the end of what this thread does now. False: it does no such thing.</summary>
    public static bool TryAdd(ISender sender) => s_ofThread is { } sends && sends.Add(sender);

    /// <summary>By the reader, before it wakes callers.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _isOpen = true;
        }

        s_ofThread = this;
    }

    /// <summary>By the same, when it has woken them.</summary>
    public void End()
    {
        s_ofThread = null;
        while (Take() is { } sender)
        {
            sender.SendGathered();
        }
    }

    /// <summary>By the one who takes the reader's place, which may have any number of things to do before it ends.</summary>
    public void HaveAllSent()
    {
        while (Take() is { } sender)
        {
            sender.HaveGatheredSent();
        }
    }

    private bool Add(ISender sender)
    {
        lock (_gate)
        {
            if (_isOpen)
            {
                _due.Add(sender);
            }

            return _isOpen;
        }
    }

    private ISender? Take()
    {
        lock (_gate)
        {
            if (_due.Count == 0)
            {
                _isOpen = false;
                return null;
            }

            ISender sender = _due[^1];
            _due.RemoveAt(_due.Count - 1);
            return sender;
        }
    }
}
