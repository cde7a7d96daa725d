using System.Buffers.Text;
using System.Text;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// Holds a reply line against the request that is first in the queue. Order decides whose reply it is; the opaque and the key prove it. Whatever does not fit
/// is an exception, on which the connection is closed: no reply is ever handed to somebody else's request.
/// </summary>
internal static class ReplyMatcher
{
    private const int ShownBytes = 80;

    /// <summary>What the line means; the value, if <see cref="ReplyLine.Size"/> announces one, is still to be read.</summary>
    /// <exception cref="InvalidDataException">It is not the reply to this request.</exception>
    public static MemcacheReply Match(in ReplyLine line, ReadOnlySpan<byte> text, PendingRequest request, MemcacheServerInfo server, long epoch)
    {
        if (line.Code == ReplyCode.ServerError)
        {
            return new MemcacheReply
            {
                Status = MemcacheStatus.Refused,
                Error = new MemcacheException(MemcacheFault.None, $"memcached refused the request: {Show(text)}"),
            };
        }

        if (line.Code is ReplyCode.Unknown or ReplyCode.ClientError)
        {
            throw new InvalidDataException($"'{Show(text)}' in answer to a request");
        }

        ProveIdentity(line, request, server);
        return request.Kind == RequestKind.Get ? MatchGet(line, epoch) : MatchWrite(line, request.Kind, epoch);
    }

    private static MemcacheReply MatchGet(in ReplyLine line, long epoch)
    {
        if (line.Code == ReplyCode.Miss)
        {
            return new MemcacheReply { Status = MemcacheStatus.Miss };
        }

        if (line.Code is not (ReplyCode.Value or ReplyCode.Success) || line.Size < 0 || line.Cas == 0 || !line.Has('f') || !line.Has('t'))
        {
            // Without its flags a lock would look like damage, which may be replaced.
            throw new InvalidDataException("a read was answered without the item's size, token, flags or time");
        }

        // Every stored value has a header, so that an item without a byte that somebody was promised is a placeholder, and one without the promise is foreign.
        LeaseState lease = line.Size > 0 ? LeaseState.None : line.IsWon ? LeaseState.Won : line.IsTold ? LeaseState.Held : LeaseState.None;
        return new MemcacheReply
        {
            Status = MemcacheStatus.Hit,
            Lease = lease,
            Token = new CasToken(line.Cas, epoch),
            ClientFlags = line.ClientFlags,

            // The number wraps below zero after a touch with a past time; such an item is gone.
            TimeToLive = line.TimeToLive > int.MaxValue ? 0 : (int)line.TimeToLive,
        };
    }

    private static MemcacheReply MatchWrite(in ReplyLine line, RequestKind kind, long epoch)
    {
        switch (line.Code)
        {
            case ReplyCode.Success when kind == RequestKind.Set && line.Cas == 0:
                throw new InvalidDataException("a write was answered without a token (is the server running with -C?)");
            case ReplyCode.Success:
                return new MemcacheReply { Status = MemcacheStatus.Done, Token = new CasToken(line.Cas, epoch) };
            case ReplyCode.Exists or ReplyCode.NotStored:
                return new MemcacheReply { Status = MemcacheStatus.Conflict };
            case ReplyCode.NotFound:
                return new MemcacheReply { Status = MemcacheStatus.NotFound };
            default:
                throw new InvalidDataException("a write was answered as if it were a read");
        }
    }

    private static void ProveIdentity(in ReplyLine line, PendingRequest request, MemcacheServerInfo server)
    {
        if (!line.HasOpaque && line.Code == ReplyCode.Miss && !server.NamesMisses)
        {
            return;
        }

        if (!line.HasOpaque || line.Opaque != request.Opaque)
        {
            throw new InvalidDataException($"the reply to request {(line.HasOpaque ? line.Opaque : "?")} came in place of that to request {request.Opaque}");
        }

        if (!HasKey(line, request.Key))
        {
            throw new InvalidDataException($"the reply to request {request.Opaque} is about another key");
        }
    }

    private static bool HasKey(in ReplyLine line, ReadOnlySpan<byte> key)
    {
        if (!line.IsBase64Key)
        {
            return line.Key.SequenceEqual(key);
        }

        // Another program stored the item under the base64 form of the key; the server answers in the form of the storing.
        Span<byte> decoded = stackalloc byte[MemcacheKey.MaxBytes];
        return Base64.DecodeFromUtf8(line.Key, decoded, out _, out int length) == System.Buffers.OperationStatus.Done
            && decoded[..length].SequenceEqual(key);
    }

    private static string Show(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text[..Math.Min(text.Length, ShownBytes)]);
}
