using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Value = CascadeCache.Datastore.Protocol.Value;

namespace CascadeCache.Benchmarks.Load.Subjects;

/// <summary>The least that a write to Datastore can be: a commit whose request is made beforehand, over a channel as the cache's.</summary>
internal sealed class BareCommit(string name, string host, DataSet data) : LoadSubject(name, SubjectFamily.Limit), IDisposable
{
    private static readonly Method<CommitRequest, CommitResponse> Commit = new(
        MethodType.Unary,
        "google.datastore.v1.Datastore",
        "Commit",
        Marshallers.Create(static request => request.ToByteArray(), CommitRequest.Parser.ParseFrom),
        Marshallers.Create(static response => response.ToByteArray(), CommitResponse.Parser.ParseFrom));

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress("http://" + host, new GrpcChannelOptions { MaxSendMessageSize = null });

    public override bool KeepsKey => true;

    public override async Task RunAsync(Caller caller)
    {
        CallInvoker invoker = _channel.CreateCallInvoker();
        CommitRequest request = RequestFor(caller);
        while (caller.Begin())
        {
            using AsyncUnaryCall<CommitResponse> call = invoker.AsyncUnaryCall(Commit, null, default, request);
            CommitResponse response = await call.ResponseAsync;
            caller.End();
            if (response.MutationResults.Count != 1)
            {
                throw new InvalidOperationException("A commit of one mutation had another number of results.");
            }
        }
    }

    public void Dispose() => _channel.Dispose();

    // The entity that the cache would store.
    private CommitRequest RequestFor(Caller caller)
    {
        DateTimeOffset tomorrow = DateTimeOffset.UtcNow.AddDays(1);
        var entity = new Entity { Key = new Key { Path = { new Key.Types.PathElement { Kind = "Session", Name = "bare." + data.Keys[caller.Item] } } } };
        entity.Properties.Add(EntityProperties.Value, new Value { BlobValue = ByteString.CopyFrom(caller.Value), ExcludeFromIndexes = true });
        entity.Properties.Add(EntityProperties.ExpiresAt, new Value { TimestampValue = Timestamp.FromDateTimeOffset(tomorrow), ExcludeFromIndexes = true });
        entity.Properties.Add(EntityProperties.AbsoluteAt, new Value { IntegerValue = tomorrow.ToUnixTimeMilliseconds(), ExcludeFromIndexes = true });
        entity.Properties.Add(EntityProperties.Window, new Value { IntegerValue = 0, ExcludeFromIndexes = true });
        return new CommitRequest
        {
            ProjectId = Experiments.Caches.ProjectId,
            Mode = CommitRequest.Types.Mode.NonTransactional,
            Mutations = { new Mutation { Upsert = entity } },
        };
    }
}
