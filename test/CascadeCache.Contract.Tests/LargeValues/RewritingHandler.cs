using System.Buffers.Binary;
using CascadeCache.Datastore.Protocol;
using Google.Protobuf;

namespace CascadeCache.Contract.Tests.LargeValues;

/// <summary>Changes requests on their way to Datastore: a client that is wrong in what it asks for, made of one that is right.</summary>
internal sealed class RewritingHandler(Action<LookupRequest>? lookup = null, Action<CommitRequest>? commit = null) : DelegatingHandler(new SocketsHttpHandler())
{
    private const int FramePrefix = 5;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpContent original = request.Content!;
        byte[] bytes = (await original.ReadAsByteArrayAsync(cancellationToken))[FramePrefix..];
        byte[] message = request.RequestUri!.AbsolutePath.EndsWith("/Lookup", StringComparison.Ordinal)
            ? Changed(LookupRequest.Parser.ParseFrom(bytes), lookup)
            : Changed(CommitRequest.Parser.ParseFrom(bytes), commit);
        byte[] frame = new byte[FramePrefix + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, FramePrefix);
        request.Content = new ByteArrayContent(frame);
        request.Content.Headers.ContentType = original.Headers.ContentType;
        return await base.SendAsync(request, cancellationToken);
    }

    private static byte[] Changed<T>(T message, Action<T>? change)
        where T : IMessage
    {
        change?.Invoke(message);
        return message.ToByteArray();
    }
}
