using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>What the service would refuse, and what only the emulator does not know: a refusal, never a wrong answer.</summary>
public sealed class QueryRefusalTests
{
    [Fact]
    public async Task What_the_emulator_does_not_know_is_unimplemented_also_where_there_is_no_data()
    {
        await using var rig = await Rig.StartAsync();
        Query[] unknown =
        [
            QueryText.Things().Where("p", (Op)99, Rig.Int(1)),
            new() { Kind = { new KindExpression { Name = "Thing" } }, FindNearest = new FindNearest() },
            new() { Kind = { new KindExpression { Name = "__kind__" } } },
            new() { Kind = { new KindExpression { Name = "__namespace__" } } },
            new()
            {
                Kind = { new KindExpression { Name = "Thing" } },
                Order = { new PropertyOrder { Property = new PropertyReference { Name = "p" }, Direction = (PropertyOrder.Types.Direction)99 } },
            },
        ];
        foreach (var query in unknown)
        {
            await Rig.RefusedAsync(StatusCode.Unimplemented, rig.QueryAsync(query));
        }

        var explained = new RunQueryRequest { ProjectId = Rig.Project, Query = QueryText.Things(), ExplainOptions = new ExplainOptions() };
        await Rig.RefusedAsync(StatusCode.Unimplemented, RunAsync(rig, explained));
        var gql = new RunQueryRequest { ProjectId = Rig.Project, GqlQuery = new GqlQuery { QueryString = "SELECT * FROM Thing" } };
        await Rig.RefusedAsync(StatusCode.Unimplemented, RunAsync(rig, gql));
        var counted = new RunAggregationQueryRequest { ProjectId = Rig.Project, GqlQuery = new GqlQuery { QueryString = "SELECT COUNT(*)" } };
        await Rig.RefusedAsync(
            StatusCode.Unimplemented,
            rig.Client.RunAggregationQueryAsync(counted, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
    }

    [Fact]
    public async Task A_strategy_or_consistency_that_the_emulator_does_not_know_is_unimplemented()
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Upsert("a");
        mutation.BaseVersion = (await rig.CommitAsync(Rig.Upsert("a"))).MutationResults[0].Version;
        mutation.ConflictResolutionStrategy = (Mutation.Types.ConflictResolutionStrategy)2;
        await Rig.RefusedAsync(StatusCode.Unimplemented, rig.CommitAsync(mutation));
        var options = new ReadOptions { ReadConsistency = (ReadOptions.Types.ReadConsistency)99 };
        await Rig.RefusedAsync(StatusCode.Unimplemented, rig.LookupAsync(options, Rig.Named("a")));
        options.ReadConsistency = ReadOptions.Types.ReadConsistency.Eventual;
        Assert.Single((await rig.LookupAsync(options, Rig.Named("a"))).Found);
    }

    [Fact]
    public async Task A_method_that_does_not_exist_is_unimplemented()
    {
        await using var rig = await Rig.StartAsync();
        using var channel = GrpcChannel.ForAddress($"http://{rig.Emulator.Host}");
        var bytes = Marshallers.Create(static (byte[] value) => value, static value => value);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "google.datastore.v1.Datastore", "NoSuchMethod", bytes, bytes);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(cancellationToken: TestContext.Current.CancellationToken), []);
        await Rig.RefusedAsync(StatusCode.Unimplemented, call.ResponseAsync);
    }

    [Fact]
    public async Task Queries_that_the_service_refuses_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        var key = QueryText.KeyOf(Rig.Named("a"));
        Query[] refused =
        [
            new() { Kind = { new KindExpression { Name = "A" }, new KindExpression { Name = "B" } } },
            new() { Kind = { new KindExpression { Name = "" } } },
            new() { Kind = { new KindExpression { Name = "Thing" } }, Offset = -1 },
            new() { Kind = { new KindExpression { Name = "Thing" } }, Limit = -1 },
            new Query().Where("p", Op.Equal, Rig.Int(1)),
            new Query().By("p"),
            QueryText.Things().Where(new Filter()),
            QueryText.Things().Where(QueryText.All()),
            QueryText.Things().Where("", Op.Equal, Rig.Int(1)),
            QueryText.Things().Where("p", Op.Unspecified, Rig.Int(1)),
            QueryText.Things().Where("p", Op.Equal, new Value()),
            QueryText.Things().Where("p", Op.Equal, Rig.List(Rig.Int(1))),
            QueryText.Things().Where("p", Op.In, Rig.Int(1)),
            QueryText.Things().Where("p", Op.In, Rig.List()),
            QueryText.Things().Where("p", Op.HasAncestor, key),
            QueryText.Things().Where("__key__", Op.HasAncestor, Rig.Int(1)),
            QueryText.Things().Where("__key__", Op.Equal, Rig.Int(1)),
            QueryText.Things().Where("__key__", Op.Equal, QueryText.KeyOf(Rig.Incomplete())),
            QueryText.Things().By(""),
            QueryText.Things().Select("p", "p"),
            QueryText.Things().Select("p").Where("p", Op.Equal, Rig.Int(1)),
            new() { Kind = { new KindExpression { Name = "Thing" } }, DistinctOn = { new PropertyReference { Name = "p" } } },
        ];
        for (var i = 0; i < refused.Length; i++)
        {
            var failure = await Record.ExceptionAsync(() => rig.QueryAsync(refused[i]));
            Assert.True(failure is RpcException { StatusCode: StatusCode.InvalidArgument }, $"Query {i} ({refused[i]}): {failure?.Message ?? "was answered"}");
        }

        await Rig.RefusedAsync(StatusCode.InvalidArgument, RunAsync(rig, new RunQueryRequest { ProjectId = Rig.Project }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, RunAsync(rig, new RunQueryRequest { Query = QueryText.Things() }));
    }

    private static Task<RunQueryResponse> RunAsync(Rig rig, RunQueryRequest request) =>
        rig.Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;
}
