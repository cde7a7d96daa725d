using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>What makes a transaction conflict and what does not, and how far its id reaches.</summary>
public sealed class TransactionScopeTests
{
    [Fact]
    public async Task The_instant_of_a_transaction_is_that_of_its_first_read()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        await rig.CommitAsync(Rig.Upsert("a"));
        Assert.Single((await rig.LookupAsync(In(transaction), Rig.Named("a"))).Found);
        await rig.CommitAsync(transaction, Rig.Upsert("b"));
    }

    [Fact]
    public async Task A_transaction_that_read_nothing_overwrites_what_others_wrote()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        await rig.CommitAsync(transaction, Rig.Upsert("a", ("n", Rig.Int(2))));
        Assert.Equal(2, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Theory]
    [InlineData("update")]
    [InlineData("delete")]
    [InlineData("delete and insert again")]
    public async Task Any_change_of_what_was_read_aborts(string change)
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        var transaction = await rig.BeginAsync();
        await rig.LookupAsync(In(transaction), Rig.Named("a"));
        if (change != "update")
        {
            await rig.CommitAsync(Rig.Delete("a"));
        }

        if (change != "delete")
        {
            await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(change == "update" ? 2 : 1))));
        }

        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(transaction, Rig.Upsert("b")));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("b"))).Missing);
    }

    [Fact]
    public async Task A_write_that_changes_nothing_and_one_elsewhere_do_not_abort()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        var transaction = await rig.BeginAsync();
        await rig.LookupAsync(In(transaction), Rig.Named("a"));
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))), Rig.Upsert("c"), Rig.Delete("absent"));
        await rig.CommitAsync(transaction, Rig.Upsert("a", ("n", Rig.Int(2))));
    }

    [Fact]
    public async Task A_stale_transaction_may_end_without_writing()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        await rig.LookupAsync(In(transaction), Rig.Named("a"));
        await rig.CommitAsync(Rig.Upsert("a"));
        Assert.Empty((await rig.CommitAsync(transaction)).MutationResults);
    }

    [Fact]
    public async Task An_ancestor_query_conflicts_below_its_ancestor_alone()
    {
        await using var rig = await Rig.StartAsync();
        var query = QueryText.Things().Where("__key__", Op.HasAncestor, QueryText.KeyOf(Rig.Named("p", kind: "Parent")));
        var transaction = await rig.BeginAsync();
        Assert.Empty((await rig.QueryAsync(query, In(transaction))).EntityResults);
        await rig.CommitAsync(Child("q"));
        Assert.Empty((await rig.QueryAsync(query, In(transaction))).EntityResults);
        await rig.CommitAsync(transaction, Rig.Upsert("one"));

        transaction = await rig.BeginAsync();
        await rig.QueryAsync(query, In(transaction));
        await rig.CommitAsync(Child("p"));
        Assert.Empty((await rig.QueryAsync(query, In(transaction))).EntityResults);
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(transaction, Rig.Upsert("two")));
    }

    [Fact]
    public async Task A_query_can_begin_a_transaction()
    {
        await using var rig = await Rig.StartAsync();
        var request = new RunQueryRequest
        {
            ProjectId = Rig.Project,
            Query = QueryText.Things(),
            ReadOptions = new ReadOptions { NewTransaction = new TransactionOptions { ReadWrite = new TransactionOptions.Types.ReadWrite() } },
        };
        var begun = (await rig.Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Transaction;
        await rig.CommitAsync(Rig.Upsert("a"));
        Assert.Single((await rig.LookupAsync(In(begun), Rig.Named("a"))).Missing);
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(begun, Rig.Upsert("b")));
    }

    [Fact]
    public async Task A_read_only_transaction_reads_queries_and_aggregates_at_one_instant()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a"));
        var transaction = await rig.BeginAsync(new TransactionOptions { ReadOnly = new TransactionOptions.Types.ReadOnly() });
        Assert.Single((await rig.LookupAsync(In(transaction), Rig.Named("b"))).Missing);
        await rig.CommitAsync(Rig.Upsert("b"), Rig.Delete("a"));
        Assert.Single((await rig.LookupAsync(In(transaction), Rig.Named("b"))).Missing);
        Assert.Equal(["a"], (await rig.QueryAsync(QueryText.Things(), In(transaction))).Names());
        await rig.CommitAsync(transaction);
        Assert.Equal(["b"], (await rig.QueryAsync(QueryText.Things())).Names());
    }

    [Fact]
    public async Task A_transaction_lives_to_the_last_moment_of_its_minute_and_of_its_270_seconds()
    {
        await using var rig = await Rig.StartAsync();
        var idle = await rig.BeginAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(60));
        await rig.CommitAsync(idle, Rig.Upsert("a"));

        var busy = await rig.BeginAsync();
        for (var step = 0; step < 5; step++)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(54));
            await rig.LookupAsync(In(busy), Rig.Named("a"));
        }

        rig.Time.Advance(TimeSpan.FromMicroseconds(1));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(busy, Rig.Upsert("b")));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("b"))).Missing);
    }

    [Fact]
    public async Task A_transaction_is_of_one_project_and_database_and_can_be_rolled_back_once()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        var elsewhere = new CommitRequest { DatabaseId = "other", Mode = Mode.Transactional, Transaction = transaction, Mutations = { Rig.Upsert("a") } };
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(elsewhere));

        transaction = await rig.BeginAsync();
        await RollbackAsync(transaction);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, RollbackAsync(transaction));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, RollbackAsync(ByteString.Empty));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(transaction, Rig.Upsert("a")));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);

        Task RollbackAsync(ByteString id) =>
            rig.Client.RollbackAsync(new RollbackRequest { ProjectId = Rig.Project, Transaction = id }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;
    }

    [Fact]
    public async Task Of_many_increments_at_once_none_is_lost()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(0))));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => IncrementAsync(times: 5)));
        Assert.Equal(40, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);

        async Task IncrementAsync(int times)
        {
            while (times > 0)
            {
                var read = await rig.LookupAsync(new ReadOptions { NewTransaction = new TransactionOptions() }, Rig.Named("a"));
                var next = read.Found[0].Entity.Properties["n"].IntegerValue + 1;
                try
                {
                    await rig.CommitAsync(read.Transaction, Rig.Upsert("a", ("n", Rig.Int(next))));
                    times--;
                }
                catch (RpcException conflict)
                {
                    Assert.Equal(StatusCode.Aborted, conflict.StatusCode);
                }
            }
        }
    }

    private static ReadOptions In(ByteString transaction) => new() { Transaction = transaction };

    private static Mutation Child(string parent)
    {
        var key = Rig.Named(parent, kind: "Parent");
        key.Path.Add(new Key.Types.PathElement { Kind = "Thing", Id = 1 });
        return new Mutation { Upsert = Rig.Entity(key) };
    }
}
