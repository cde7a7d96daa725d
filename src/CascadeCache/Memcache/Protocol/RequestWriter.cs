namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// The bytes of each request of the meta protocol. Every one asks for its key and its opaque back, so that a reply proves whose it is; none is quiet.
/// </summary>
/// <remarks>Source: memcached's doc/protocol.txt, "Meta commands". A line stays below 400 bytes; the server's limit is 2,048.</remarks>
internal static class RequestWriter
{
    public static void Write(OutgoingBuffer to, in MemcacheRequest request, uint opaque)
    {
        switch (request.Kind)
        {
            case RequestKind.Get:
                Get(to, request.Key, request.Get, opaque);
                break;
            case RequestKind.Set:
                Set(to, request.Key, request.Set, request.Token, opaque);
                break;
            default:
                Delete(to, request.Key, request.Token, opaque);
                break;
        }
    }

    private static void Get(OutgoingBuffer to, MemcacheKey key, MemcacheGet get, uint opaque)
    {
        to.Append("mg "u8);
        to.Append(key.Bytes.Span);
        to.Append(get.WithValue ? " v c f t"u8 : " s c f t"u8);
        if (get.LeaseSeconds > 0)
        {
            to.Append(" N"u8);
            to.AppendNumber(get.LeaseSeconds);
        }

        End(to, opaque);
    }

    private static void Set(OutgoingBuffer to, MemcacheKey key, in MemcacheSet set, CasToken? token, uint opaque)
    {
        to.Append("ms "u8);
        to.Append(key.Bytes.Span);
        to.Append(" "u8);
        to.AppendNumber(set.Size);
        AppendCas(to, token);
        if (set.ClientFlags != 0)
        {
            to.Append(" F"u8);
            to.AppendNumber(set.ClientFlags);
        }

        to.Append(" T"u8);
        to.AppendNumber(set.WireTimeToLive);
        to.Append(" c"u8);
        End(to, opaque);
        to.Append(set.Head.Span);
        to.Append(set.Payload);
        to.Append("\r\n"u8);
        to.EndRecord();
    }

    private static void Delete(OutgoingBuffer to, MemcacheKey key, CasToken? token, uint opaque)
    {
        to.Append("md "u8);
        to.Append(key.Bytes.Span);
        AppendCas(to, token);
        End(to, opaque);
    }

    private static void AppendCas(OutgoingBuffer to, CasToken? token)
    {
        if (token is { } expected)
        {
            to.Append(" C"u8);
            to.AppendNumber(expected.Cas);
        }
    }

    private static void End(OutgoingBuffer to, uint opaque)
    {
        to.Append(" k O"u8);
        to.AppendNumber((long)opaque);
        to.Append("\r\n"u8);
    }
}
