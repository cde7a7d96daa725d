namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Reads one reply after the other and hands each to the request that it proves to belong to: scan, parse, match. Used by the connection's own thread.
/// Whatever does not fit is an exception; after one the stream is out of step and must not be read again.
/// </summary>
internal sealed class ReplyReader(ReplyScanner scanner, MemcacheServerInfo server, long epoch)
{
    /// <summary>Waits for the next reply and takes the request that it answers out of the queue.</summary>
    /// <exception cref="InvalidDataException">What came is not the reply to the first request in the queue.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public MemcacheReply Read(PendingQueue queue, out PendingRequest request)
    {
        ReadOnlySpan<byte> text = scanner.ReadLine();
        PendingRequest first = queue.Peek() ?? throw new InvalidDataException("a line that no request asked for");

        if (!ReplyLine.TryParse(text, out ReplyLine line))
        {
            throw new InvalidDataException("a reply with a malformed flag");
        }

        MemcacheReply reply = ReplyMatcher.Match(line, text, first, server, epoch);
        if (line.Code == ReplyCode.Value)
        {
            reply = WithValue(reply, line.Size);
        }

        queue.Dequeue();
        request = first;
        return reply;
    }

    private MemcacheReply WithValue(in MemcacheReply reply, long size)
    {
        if (size > server.ItemSizeMax)
        {
            throw new InvalidDataException($"a value of {size} bytes, on a server that holds {server.ItemSizeMax}");
        }

        ReceivedValue value = scanner.ReadValue((int)size);
        return new MemcacheReply
        {
            Status = reply.Status,
            Lease = reply.Lease,
            Token = reply.Token,
            ClientFlags = reply.ClientFlags,
            TimeToLive = reply.TimeToLive,
            Value = value.Memory,
            Loan = value.Loan,
        };
    }
}
