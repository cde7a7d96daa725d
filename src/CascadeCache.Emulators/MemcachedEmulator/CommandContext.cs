namespace CascadeCache.Emulators.Memcached;

/// <summary>
/// What one connection's commands work with. Used by that connection's task alone; the store is shared and locked by the dispatcher.
/// </summary>
internal sealed class CommandContext(ItemStore store, ServerFacts facts)
{
    public const int MaxKeyLength = 250;

    public ItemStore Store { get; } = store;

    public ServerFacts Facts { get; } = facts;

    public RequestLine Line { get; } = new();

    public ReplyBuffer Replies { get; } = new();

    /// <summary>Set by a storage command: the next bytes are its data block.</summary>
    public PendingStore? Pending { get; set; }

    /// <summary>So many bytes of a refused data block are to be skipped.</summary>
    public long Swallow { get; set; }

    /// <summary>Close the connection once the replies are sent.</summary>
    public bool Closing { get; set; }

    /// <summary>The running classic command asked for no answer.</summary>
    public bool NoReply { get; set; }

    /// <summary>Answers a classic command with one line, or with none after <c>noreply</c>.</summary>
    public void Reply(ReadOnlySpan<byte> line)
    {
        if (!NoReply)
        {
            Replies.Line(line);
        }
    }

    /// <summary>Answers with an error that nothing silences.</summary>
    public void Fail(ReadOnlySpan<byte> line) => Replies.Line(line);

    /// <summary>Reads a trailing <c>noreply</c>.</summary>
    public void ReadNoReply() => NoReply = Line.LastIs("noreply"u8);
}
