using CascadeCache.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;

namespace CascadeCache.Datastore;

/// <summary>The calls of the service google.datastore.v1.Datastore that are in use.</summary>
/// <remarks>Not generated: only a marshaller of our own can tell whether a request has left (<see cref="DatastoreAttempt.MayHaveArrived"/>).</remarks>
internal static class DatastoreMethods
{
    private const string Service = "google.datastore.v1.Datastore";

    public static readonly Method<Tracked<LookupRequest>, LookupResponse> Lookup = Unary<LookupRequest, LookupResponse>("Lookup", LookupResponse.Parser);

    public static readonly Method<Tracked<CommitRequest>, CommitResponse> Commit = Unary<CommitRequest, CommitResponse>("Commit", CommitResponse.Parser);

    private static Method<Tracked<TRequest>, TResponse> Unary<TRequest, TResponse>(string name, MessageParser<TResponse> parser)
        where TRequest : IMessage
        where TResponse : class, IMessage<TResponse> =>
        new(MethodType.Unary, Service, name, new Marshaller<Tracked<TRequest>>(Serialise, NeverRead<TRequest>), new Marshaller<TResponse>(NeverWritten, context => Parse(context, parser)));

    private static void Serialise<T>(Tracked<T> request, SerializationContext context)
        where T : IMessage
    {
        request.Attempt.MarkSerialised(request.Charge);
        context.SetPayloadLength(request.Message.CalculateSize());
        request.Message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    private static TResponse Parse<TResponse>(DeserializationContext context, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse> =>
        parser.ParseFrom(context.PayloadAsReadOnlySequence());

    private static Tracked<T> NeverRead<T>(DeserializationContext context) => throw new NotSupportedException("A client reads no requests.");

    private static void NeverWritten<T>(T message, SerializationContext context) => throw new NotSupportedException("A client writes no responses.");
}
