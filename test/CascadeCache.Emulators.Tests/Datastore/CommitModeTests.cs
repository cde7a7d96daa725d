using CascadeCache.Emulators.Datastore;
using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Xunit;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;
using Strategy = CascadeCache.Emulators.Datastore.Protocol.Mutation.Types.ConflictResolutionStrategy;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>What a commit may combine, and what it does when one of its mutations conflicts.</summary>
public sealed class CommitModeTests
{
    [Fact]
    public async Task A_non_transactional_commit_takes_no_transaction_and_a_transactional_one_needs_one()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        CommitRequest[] refused =
        [
            new() { Mode = Mode.NonTransactional, Transaction = transaction },
            new() { Mode = Mode.NonTransactional, SingleUseTransaction = new TransactionOptions() },
            new() { Mode = Mode.Transactional },
            new() { Mode = Mode.Transactional, SingleUseTransaction = new TransactionOptions { ReadOnly = new TransactionOptions.Types.ReadOnly() } },
            new() { Mode = Mode.Unspecified },
            new() { Mode = (Mode)99 },
        ];
        foreach (var request in refused)
        {
            request.Mutations.Add(Rig.Upsert("a"));
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(request));
        }

        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
        var readWrite = new TransactionOptions { ReadWrite = new TransactionOptions.Types.ReadWrite() };
        await rig.CommitAsync(new CommitRequest { Mode = Mode.Transactional, SingleUseTransaction = readWrite, Mutations = { Rig.Upsert("a") } });
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Found);
    }

    [Theory]
    [InlineData("insert", "update")]
    [InlineData("insert", "upsert")]
    [InlineData("insert", "delete")]
    [InlineData("upsert", "update")]
    [InlineData("upsert", "upsert")]
    [InlineData("upsert", "delete")]
    [InlineData("delete", "insert")]
    [InlineData("delete", "upsert")]
    [InlineData("delete", "delete")]
    public async Task The_other_pairs_on_one_entity_apply_in_order(string first, string second)
    {
        await using var rig = await Rig.StartAsync();
        if (first == "delete")
        {
            await rig.CommitAsync(Rig.Upsert("a"));
        }

        var results = (await rig.CommitAtomicAsync(Of(first, 1), Of(second, 2))).MutationResults;
        Assert.Equal(results[0].Version, results[1].Version);
        var lookup = await rig.LookupAsync(null, Rig.Named("a"));
        if (second == "delete")
        {
            Assert.Single(lookup.Missing);
        }
        else
        {
            Assert.Equal(2, Assert.Single(lookup.Found).Entity.Properties["n"].IntegerValue);
        }
    }

    [Theory]
    [InlineData("insert", StatusCode.AlreadyExists)]
    [InlineData("update", StatusCode.NotFound)]
    public async Task A_refused_mutation_of_an_open_transaction_leaves_nothing_and_ends_it(string operation, StatusCode code)
    {
        await using var rig = await Rig.StartAsync();
        if (operation == "insert")
        {
            await rig.CommitAsync(Rig.Upsert("a"));
        }

        var transaction = await rig.BeginAsync();
        await Rig.RefusedAsync(code, rig.CommitAsync(transaction, Rig.Upsert("b"), Of(operation, 1), Rig.Upsert("c")));
        Assert.Equal(2, (await rig.LookupAsync(null, Rig.Named("b"), Rig.Named("c"))).Missing.Count);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(transaction, Rig.Upsert("b")));
    }

    [Theory]
    [InlineData("update")]
    [InlineData("upsert")]
    [InlineData("delete")]
    public async Task A_stale_base_version_or_update_time_keeps_every_operation_from_acting(string operation)
    {
        await using var rig = await Rig.StartAsync();
        var stale = (await rig.CommitAsync(Of("upsert", 1))).MutationResults[0];
        var current = (await rig.CommitAsync(Of("upsert", 7))).MutationResults[0];
        var byVersion = Of(operation, 2);
        byVersion.BaseVersion = stale.Version;
        var byTime = Of(operation, 2);
        byTime.UpdateTime = stale.UpdateTime;

        foreach (var mutation in new[] { byVersion, byTime })
        {
            foreach (var strategy in new[] { Strategy.StrategyUnspecified, Strategy.ServerValue })
            {
                mutation.ConflictResolutionStrategy = strategy;
                var result = (await rig.CommitAsync(mutation)).MutationResults[0];
                Assert.True(result.ConflictDetected);
                Assert.Equal((current.Version, current.UpdateTime, current.CreateTime), (result.Version, result.UpdateTime, result.CreateTime));
            }

            mutation.ConflictResolutionStrategy = Strategy.Fail;
            await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(mutation));
            await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAtomicAsync(Rig.Upsert("b"), mutation));
        }

        var read = await rig.GetAsync("a");
        Assert.Equal((7, current.Version), (read.Entity.Properties["n"].IntegerValue, read.Version));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("b"))).Missing);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_version_that_stands_lets_a_delete_act(bool failOnConflict)
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Delete("a");
        mutation.BaseVersion = (await rig.CommitAsync(Rig.Upsert("a"))).MutationResults[0].Version;
        mutation.ConflictResolutionStrategy = failOnConflict ? Strategy.Fail : Strategy.ServerValue;
        Assert.False((await rig.CommitAsync(mutation)).MutationResults[0].ConflictDetected);
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
    }

    [Fact]
    public async Task A_version_from_before_a_delete_and_an_insert_does_not_come_back()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Of("insert", 1))).MutationResults[0].Version;
        await rig.CommitAsync(Rig.Delete("a"));
        var second = (await rig.CommitAsync(Of("insert", 1))).MutationResults[0];
        Assert.True(second.Version > first);
        Assert.Equal(second.UpdateTime, second.CreateTime);
        Assert.Equal(second.Version, Timestamps.ToMicros(second.UpdateTime));
        var stale = Of("upsert", 2);
        stale.BaseVersion = first;
        Assert.True((await rig.CommitAsync(stale)).MutationResults[0].ConflictDetected);
    }

    private static Mutation Of(string operation, long n) => operation switch
    {
        "insert" => new Mutation { Insert = Rig.Entity("a", ("n", Rig.Int(n))) },
        "update" => new Mutation { Update = Rig.Entity("a", ("n", Rig.Int(n))) },
        "upsert" => Rig.Upsert("a", ("n", Rig.Int(n))),
        _ => Rig.Delete("a"),
    };
}
