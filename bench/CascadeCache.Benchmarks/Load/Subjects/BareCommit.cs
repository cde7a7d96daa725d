using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

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

    private CommitRequest RequestFor(Caller caller)
    {
        var codec = new EntityCodec("Session", "");
        long tomorrow = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds();
        var value = new DurableValue(caller.Value, new EntryLifetime(tomorrow, 0), tomorrow);
        return new CommitRequest
        {
            ProjectId = Experiments.Caches.ProjectId,
            Mode = CommitRequest.Types.Mode.NonTransactional,
            Mutations = { new Mutation { Upsert = codec.Encode(new CacheKey("bare." + data.Keys[caller.Item]), value) } },
        };
    }
}
