using CascadeCache.Emulators.Datastore.Protocol;
using CascadeCache.Emulators.Tests.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;
using Api = CascadeCache.Emulators.Datastore.Protocol.Datastore;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>The emulator as the command runs it, killed again and again on the same data directory while entities are rewritten.</summary>
public sealed class CommandCrashTests
{
    private const int Rounds = 4;
    private const int Writers = 4;
    private const int CommitsPerRound = 40;

    [Fact]
    public async Task Kills_in_a_row_never_bring_an_older_value_or_version_back()
    {
        using var folder = new TemporaryFolder();
        var counters = Enumerable.Range(0, Writers).Select(writer => new Counter($"counter{writer}")).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            using var process = EmulatorProcess.Start("--datastore", "127.0.0.1:0", "--data", folder.Path);
            using var channel = GrpcChannel.ForAddress($"http://{HostIn(await process.ReadLineAsync())}");
            var client = new Api.DatastoreClient(channel);
            foreach (var counter in counters)
            {
                await CheckAsync(client, counter);
            }

            await CountUntilKilledAsync(process, client, counters);
        }

        Assert.All(counters, counter => Assert.True(counter.Acknowledged > 0));
    }

    private static string HostIn(string line)
    {
        const string Start = "Datastore emulator listening on ";
        Assert.StartsWith(Start, line, StringComparison.Ordinal);
        return line[Start.Length..].Split(' ')[0];
    }

    /// <summary>What was acknowledged is there; what was under way at the kill may be there too, and the counter goes on from it.</summary>
    private static async Task CheckAsync(Api.DatastoreClient client, Counter counter)
    {
        var request = new LookupRequest { ProjectId = Rig.Project, Keys = { Rig.Named(counter.Name) } };
        var response = await client.LookupAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        if (counter.Acknowledged == 0 && response.Found.Count == 0)
        {
            return;
        }

        var found = Assert.Single(response.Found);
        var value = found.Entity.Properties["n"].IntegerValue;
        Assert.InRange(value, counter.Acknowledged, counter.Attempted);
        Assert.True(value == counter.Acknowledged ? found.Version == counter.Version : found.Version > counter.Version);
        counter.Acknowledged = value;
        counter.Version = found.Version;
    }

    private static async Task CountUntilKilledAsync(EmulatorProcess process, Api.DatastoreClient client, List<Counter> counters)
    {
        var commits = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writers = counters.Select(CountAsync).ToList();

        // A writer ends by the kill alone, so one that ends early has failed for another reason.
        var early = await Task.WhenAny([enough.Task, .. writers]);
        await process.SignalAsync("KILL");
        await process.WaitAsync();
        await Task.WhenAll(writers);
        Assert.Same(enough.Task, early);

        async Task CountAsync(Counter counter)
        {
            try
            {
                while (true)
                {
                    counter.Attempted = counter.Acknowledged + 1;
                    var response = await client.CommitAsync(Write(counter), cancellationToken: TestContext.Current.CancellationToken);
                    Assert.True(response.MutationResults[0].Version > counter.Version);
                    counter.Acknowledged = counter.Attempted;
                    counter.Version = response.MutationResults[0].Version;
                    if (Interlocked.Increment(ref commits) == CommitsPerRound)
                    {
                        enough.TrySetResult();
                    }
                }
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{counter.Name} ended at {counter.Acknowledged}: {failure.Status}");
            }
        }
    }

    /// <summary>Each write names the version it is based on, so a lost one would show as a conflict too.</summary>
    private static CommitRequest Write(Counter counter)
    {
        var mutation = Rig.Upsert(counter.Name, ("n", Rig.Int(counter.Attempted)));
        if (counter.Version > 0)
        {
            mutation.BaseVersion = counter.Version;
            mutation.ConflictResolutionStrategy = Mutation.Types.ConflictResolutionStrategy.Fail;
        }

        return new CommitRequest { ProjectId = Rig.Project, Mode = CommitRequest.Types.Mode.NonTransactional, Mutations = { mutation } };
    }

    private sealed class Counter(string name)
    {
        public string Name { get; } = name;

        public long Acknowledged { get; set; }

        public long Attempted { get; set; }

        public long Version { get; set; }
    }
}
