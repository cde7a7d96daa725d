using System.Net.Sockets;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Tests.Datastore;

public sealed class DatastoreErrorTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Aborted, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.DeadlineExceeded, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Internal, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Unknown, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Cancelled, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.ResourceExhausted, true, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.InvalidArgument, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.NotFound, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.PermissionDenied, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.Unauthenticated, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.FailedPrecondition, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.Unimplemented, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.DataLoss, false, typeof(CascadeRejectedException))]
    public async Task A_read_is_retried_after_passing_errors_only(StatusCode code, bool isRetried, Type expected)
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 2, TimeProvider.System);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Failure(code, "told so"));

        Exception? error = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());

        Assert.IsType(expected, error);
        Assert.Equal(isRetried ? 3 : 1, rig.Script.Requests.Count);
        Assert.Equal(rig.Script.Requests.Count, rig.Counters.Get(Counter.DatastoreReadsForGet));
        Assert.Equal(1, rig.Counters.Get(Counter.DatastoreFailures));
        Assert.Equal(isRetried ? 2 : 0, rig.Counters.Get(Counter.DatastoreRetries));
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Aborted, true, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.ResourceExhausted, true, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.DeadlineExceeded, false, typeof(CascadeOutcomeUnknownException))]
    [InlineData(StatusCode.Internal, false, typeof(CascadeOutcomeUnknownException))]
    [InlineData(StatusCode.Unknown, false, typeof(CascadeOutcomeUnknownException))]
    [InlineData(StatusCode.Cancelled, false, typeof(CascadeOutcomeUnknownException))]
    [InlineData(StatusCode.DataLoss, false, typeof(CascadeOutcomeUnknownException))]
    [InlineData(StatusCode.InvalidArgument, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.NotFound, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.PermissionDenied, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.Unauthenticated, false, typeof(CascadeRejectedException))]
    [InlineData(StatusCode.FailedPrecondition, false, typeof(CascadeRejectedException))]
    public async Task A_write_is_retried_only_when_it_is_certain_that_it_was_not_applied(StatusCode code, bool isRetried, Type expected)
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 2, TimeProvider.System);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Failure(code, "told so"));

        Exception? error = await Record.ExceptionAsync(() => rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask());

        Assert.IsType(expected, error);
        Assert.Equal(isRetried ? 3 : 1, rig.Script.Requests.Count);
        Assert.Equal(rig.Script.Requests.Count, rig.Counters.Get(Counter.DatastoreWritesForSet));
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, typeof(CascadeUnavailableException))]
    [InlineData(StatusCode.Aborted, null)]
    public async Task Contention_for_one_entity_opens_no_circuit(StatusCode code, Type? expected)
    {
        using var rig = new TierRig(o => (o.Resilience.Datastore.MaxRetryAttempts, o.Resilience.Datastore.BreakerMinimumThroughput) = (4, 2), TimeProvider.System);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Failure(code, "told so"));
        await Record.ExceptionAsync(() => rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask());

        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Ok(TierRig.Missing(TierRig.Key)));
        Exception? error = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());

        Assert.Equal(expected, error?.GetType());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_breaks_after_sending_is_passing_for_a_read_and_unknown_for_a_write(bool isWrite)
    {
        using var rig = new TierRig(time: TimeProvider.System);
        rig.Script.Then((_, _) => throw new HttpRequestException("lost", new IOException("reset"))).Then(TierRig.Missing(TierRig.Key));

        Exception? error = await Record.ExceptionAsync(() => isWrite
            ? rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, TierRig.Call()).AsTask()
            : rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());

        Assert.Equal(isWrite ? typeof(CascadeOutcomeUnknownException) : null, error?.GetType());
        Assert.Equal(isWrite ? 1 : 2, rig.Script.Requests.Count);
    }

    [Fact]
    public async Task A_connection_that_cannot_be_made_is_tried_again_for_a_write_and_certain_in_the_end()
    {
        using var rig = new TierRig(o => o.Resilience.Datastore.MaxRetryAttempts = 2, TimeProvider.System);
        int tries = 0;
        rig.Script.BeforeSending = _ =>
        {
            tries++;
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused));
        };

        Exception? error = await Record.ExceptionAsync(() => rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask());

        Assert.IsType<CascadeUnavailableException>(error);
        Assert.Equal(3, tries);
    }

    [Fact]
    public async Task A_proxys_error_page_leaves_a_write_unknown()
    {
        using var rig = new TierRig();
        rig.Script.Then((_, _) => Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.GatewayTimeout) { Version = new Version(2, 0), Content = new StringContent("late") }));

        Exception? error = await Record.ExceptionAsync(() => rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()).AsTask());

        Assert.IsType<CascadeOutcomeUnknownException>(error);
        Assert.Single(rig.Script.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_callers_cancellation_is_a_cancellation_by_its_token(bool isWrite)
    {
        using var rig = new TierRig();
        using var source = new CancellationTokenSource();
        rig.Script.Otherwise = async (request, token) =>
        {
            await source.CancelAsync();
            return await Hang(request, token);
        };
        var call = new CascadeCache.Primitives.CallContext(false, source.Token);

        var error = await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            if (isWrite)
            {
                await rig.Tier.DeleteAsync(TierRig.Key, null, DurableCause.Remove, call);
            }
            else
            {
                await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, call);
            }
        });

        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Single(rig.Script.Requests);
    }

    [Fact]
    public async Task An_open_circuit_refuses_without_sending()
    {
        using var rig = new TierRig(o =>
        {
            o.Resilience.Datastore.MaxRetryAttempts = 0;
            o.Resilience.Datastore.BreakerMinimumThroughput = 2;
        });
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Failure(StatusCode.Unavailable, "told so"));
        for (int i = 0; i < 2; i++)
        {
            await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());
        }

        Exception? asynchronous = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());
        Exception? blocking = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call(blocking: true)).AsTask());

        Assert.Contains("circuit", Assert.IsType<CascadeUnavailableException>(asynchronous).Message, StringComparison.Ordinal);
        Assert.IsType<CascadeUnavailableException>(blocking);
        Assert.Equal(Polly.CircuitBreaker.CircuitState.Open, rig.Tier.CircuitState);
        Assert.Equal(2, rig.Script.Requests.Count);
    }

    [Fact]
    public async Task A_message_tells_place_code_and_advice_but_never_the_key()
    {
        using var rig = new TierRig(o => o.Datastore.DatabaseId = "db");
        rig.Script.Then(StatusCode.PermissionDenied, "no").Then(StatusCode.InvalidArgument, $"bad key {TierRig.Key.Text}");

        Exception? denied = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());
        Exception? invalid = await Record.ExceptionAsync(() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()).AsTask());

        foreach (string part in (string[])["proj", "db", TierRig.Host, "PERMISSION_DENIED", "roles/datastore.user"])
        {
            Assert.Contains(part, denied!.Message, StringComparison.Ordinal);
        }

        Assert.Contains("INVALID_ARGUMENT", invalid!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(TierRig.Key.Text, invalid.ToString(), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> Hang(SentRequest request, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        throw new InvalidOperationException();
    }
}
