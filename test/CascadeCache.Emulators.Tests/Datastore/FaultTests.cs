using System.Net.Sockets;
using CascadeCache.Emulators.Datastore.Protocol;
using Google.Rpc;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class FaultTests
{
    [Fact]
    public async Task A_fault_before_a_commit_keeps_it_from_happening()
    {
        await using var rig = await Rig.StartAsync(options => options.OnCall = Throw(DatastoreFaultPhase.Before));
        await Rig.RefusedAsync(StatusCode.Unavailable, rig.CommitAsync(Rig.Upsert("a")));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
    }

    [Fact]
    public async Task A_fault_after_a_commit_loses_its_answer_alone()
    {
        await using var rig = await Rig.StartAsync(options => options.OnCall = Throw(DatastoreFaultPhase.After));
        await Rig.RefusedAsync(StatusCode.Unavailable, rig.CommitAsync(Rig.Upsert("a")));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Found);
    }

    [Fact]
    public async Task A_fault_can_ask_the_client_to_wait()
    {
        await using var rig = await Rig.StartAsync(options =>
            options.OnCall = (_, _) => throw new DatastoreFaultException(StatusCode.ResourceExhausted, "slow down", TimeSpan.FromMilliseconds(1500)));
        var refusal = await Rig.RefusedAsync(StatusCode.ResourceExhausted, rig.CommitAsync(Rig.Upsert("a")));
        Assert.Equal("slow down", refusal.Status.Detail);
        var details = Google.Rpc.Status.Parser.ParseFrom(refusal.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal((int)StatusCode.ResourceExhausted, details.Code);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), details.Details[0].Unpack<RetryInfo>().RetryDelay.ToTimeSpan());
    }

    [Fact]
    public async Task A_fault_point_tells_what_is_called_and_with_which_keys()
    {
        var points = new List<string>();
        await using var rig = await Rig.StartAsync(options => options.OnCall = (point, _) =>
        {
            points.Add($"{point.Call} {point.Phase} {point.Method} {point.ProjectId} {string.Join(',', point.KeyNames)}");
            return ValueTask.CompletedTask;
        });
        await rig.CommitAsync(Rig.Upsert("a"), Rig.Delete("b"), new Mutation { Insert = Rig.Entity(Rig.Incomplete()) });
        await rig.LookupAsync(null, Rig.Named("c"));
        Assert.Equal(
            ["1 Before Commit test-project a,b,", "1 After Commit test-project a,b,", "2 Before Lookup test-project c", "2 After Lookup test-project c"],
            points);
    }

    [Fact]
    public async Task A_call_that_is_held_up_ends_when_its_client_gives_up()
    {
        var entered = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        await using var rig = await Rig.StartAsync(options => options.OnCall = async (_, cancellationToken) =>
        {
            entered.SetResult();
            using var registration = cancellationToken.Register(left.SetResult);
            await left.Task;
            cancellationToken.ThrowIfCancellationRequested();
        });
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var request = new CommitRequest { ProjectId = Rig.Project, Mode = CommitRequest.Types.Mode.NonTransactional, Mutations = { Rig.Upsert("a") } };
        var call = rig.Client.CommitAsync(request, cancellationToken: giveUp.Token).ResponseAsync;
        await entered.Task.WaitAsync(TestContext.Current.CancellationToken);
        await giveUp.CancelAsync();
        await Rig.RefusedAsync(StatusCode.Cancelled, call);
        await left.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, rig.Emulator.Statistics.EntitiesWritten);
    }

    [Fact]
    public async Task A_disposed_emulator_no_longer_listens()
    {
        var emulator = await DatastoreEmulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var port = int.Parse(emulator.Host.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        await emulator.DisposeAsync();
        await emulator.DisposeAsync();
        using var client = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(async () => await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_port_in_use_is_an_error()
    {
        await using var rig = await Rig.StartAsync();
        var port = int.Parse(rig.Emulator.Host.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        await Assert.ThrowsAsync<IOException>(() => DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions { Port = port }, TestContext.Current.CancellationToken));
    }

    private static Func<DatastoreFaultPoint, CancellationToken, ValueTask> Throw(DatastoreFaultPhase phase) => (point, _) =>
        point.Method == "Commit" && point.Phase == phase ? throw new DatastoreFaultException(StatusCode.Unavailable, "gone") : ValueTask.CompletedTask;
}
