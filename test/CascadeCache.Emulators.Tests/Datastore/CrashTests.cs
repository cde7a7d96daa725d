using System.Collections.Concurrent;
using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;
using Api = CascadeCache.Emulators.Datastore.Protocol.Datastore;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class CrashTests
{
    private const int Writers = 4;
    private const int EnoughCommits = 60;

    [Fact]
    public async Task A_kill_loses_no_acknowledged_commit_and_leaves_none_half_done()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("data.db");
        var acknowledged = new ConcurrentDictionary<string, long>();
        using (var child = await ChildEmulator.StartAsync(file))
        {
            await WriteUntilKilledAsync(child, acknowledged);
        }

        Assert.True(acknowledged.Count >= EnoughCommits);
        await using var rig = await Rig.StartAsync(options => options.DataFile = file);
        foreach (var (name, version) in acknowledged)
        {
            Assert.Equal(version, (await rig.GetAsync(name)).Version);
        }

        // Each commit wrote a pair: those that were under way at the kill are there as a whole or not at all.
        var names = (await AllNamesAsync(rig)).ToHashSet();
        Assert.All(names, name => Assert.Contains(name.EndsWith("-twin", StringComparison.Ordinal) ? name[..^5] : name + "-twin", names));
        Assert.True((await rig.CommitAsync(Rig.Upsert("after"))).MutationResults[0].Version > acknowledged.Values.Max());
    }

    private static async Task WriteUntilKilledAsync(ChildEmulator child, ConcurrentDictionary<string, long> acknowledged)
    {
        using var channel = GrpcChannel.ForAddress($"http://{child.Host}");
        var client = new Api.DatastoreClient(channel);
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writers = Enumerable.Range(0, Writers).Select(WriteAsync).ToList();

        // A writer ends by the kill alone, so one that ends early has failed for another reason.
        var early = await Task.WhenAny([enough.Task, .. writers]);
        await child.KillAsync();
        await Task.WhenAll(writers);
        Assert.Same(enough.Task, early);

        async Task WriteAsync(int writer)
        {
            try
            {
                for (var n = 0; ; n++)
                {
                    var name = $"w{writer}-{n}";
                    var response = await client.CommitAsync(Pair(name), cancellationToken: TestContext.Current.CancellationToken);
                    acknowledged[name] = response.MutationResults[0].Version;
                    if (acknowledged.Count >= EnoughCommits)
                    {
                        enough.TrySetResult();
                    }
                }
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"Writer {writer} ended: {failure.Status}");
            }
        }
    }

    private static CommitRequest Pair(string name)
    {
        var value = new Value { BlobValue = ByteString.CopyFrom(new byte[20_000]), ExcludeFromIndexes = true };
        return new CommitRequest
        {
            ProjectId = Rig.Project,
            Mode = CommitRequest.Types.Mode.Transactional,
            SingleUseTransaction = new TransactionOptions(),
            Mutations = { Rig.Upsert(name, ("v", value)), Rig.Upsert(name + "-twin", ("v", value)) },
        };
    }

    private static async Task<List<string>> AllNamesAsync(Rig rig)
    {
        var query = new Query { Kind = { new KindExpression { Name = "Thing" } } };
        query.Projection.Add(new Projection { Property = new PropertyReference { Name = "__key__" } });
        var names = new List<string>();
        QueryResultBatch batch;
        do
        {
            batch = await rig.QueryAsync(query);
            names.AddRange(batch.EntityResults.Select(result => result.Entity.Key.Path[0].Name));
            query.StartCursor = batch.EndCursor;
        }
        while (batch.MoreResults == QueryResultBatch.Types.MoreResultsType.NotFinished);

        return names;
    }
}
