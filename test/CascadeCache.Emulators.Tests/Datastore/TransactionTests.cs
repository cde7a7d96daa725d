using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class TransactionTests
{
    [Fact]
    public async Task Reads_of_a_transaction_see_one_instant()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        var transaction = await rig.BeginAsync();
        Assert.Equal(1, await ReadAsync(rig, transaction));
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))));
        Assert.Equal(1, await ReadAsync(rig, transaction));
    }

    [Fact]
    public async Task A_commit_whose_reads_are_stale_is_aborted_and_ends_the_transaction()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        var transaction = await rig.BeginAsync();
        await ReadAsync(rig, transaction);
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))));

        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(transaction, Rig.Upsert("b")));
        await DeadAsync(rig, transaction);
        Assert.Equal(1, rig.Emulator.Statistics.Conflicts);

        var rerun = await rig.BeginAsync(new TransactionOptions { ReadWrite = new TransactionOptions.Types.ReadWrite { PreviousTransaction = transaction } });
        Assert.Equal(2, await ReadAsync(rig, rerun));
        await rig.CommitAsync(rerun, Rig.Upsert("b"));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("b"))).Found);
    }

    [Fact]
    public async Task The_absence_of_an_entity_is_a_read_too()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        await rig.LookupAsync(In(transaction), Rig.Named("a"));
        await rig.CommitAsync(Rig.Upsert("a"));
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(transaction, Rig.Upsert("b")));
    }

    [Fact]
    public async Task A_query_of_a_transaction_notices_a_new_entity_of_its_kind_only()
    {
        await using var rig = await Rig.StartAsync();
        var query = new Query { Kind = { new KindExpression { Name = "Thing" } } };
        var undisturbed = await rig.BeginAsync();
        await rig.QueryAsync(query, In(undisturbed));
        await rig.CommitAsync(new Mutation { Upsert = Rig.Entity(Rig.Named("x", kind: "Other")) });
        await rig.CommitAsync(undisturbed, Rig.Upsert("b"));

        var disturbed = await rig.BeginAsync();
        await rig.QueryAsync(query, In(disturbed));
        await rig.CommitAsync(Rig.Upsert("c"));
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(disturbed, Rig.Upsert("d")));
    }

    [Fact]
    public async Task A_read_can_begin_a_transaction()
    {
        await using var rig = await Rig.StartAsync();
        var response = await rig.LookupAsync(new ReadOptions { NewTransaction = new TransactionOptions() }, Rig.Named("a"));
        Assert.NotEmpty(response.Transaction);
        await rig.CommitAsync(response.Transaction, Rig.Upsert("a"));
        await DeadAsync(rig, response.Transaction);
    }

    [Fact]
    public async Task A_read_only_transaction_cannot_write_and_can_look_back()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].UpdateTime;
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))));
        var options = new TransactionOptions { ReadOnly = new TransactionOptions.Types.ReadOnly { ReadTime = first } };
        var transaction = await rig.BeginAsync(options);
        Assert.Equal(1, await ReadAsync(rig, transaction));
        await rig.CommitAsync(transaction);

        transaction = await rig.BeginAsync(options);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(transaction, Rig.Upsert("b")));
    }

    [Fact]
    public async Task A_rolled_back_transaction_is_over()
    {
        await using var rig = await Rig.StartAsync();
        var transaction = await rig.BeginAsync();
        await rig.Client.RollbackAsync(new RollbackRequest { ProjectId = Rig.Project, Transaction = transaction }, cancellationToken: TestContext.Current.CancellationToken);
        await DeadAsync(rig, transaction);
    }

    [Fact]
    public async Task A_transaction_dies_when_idle_for_a_minute_or_after_270_seconds()
    {
        await using var rig = await Rig.StartAsync();
        var idle = await rig.BeginAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(61));
        await DeadAsync(rig, idle);

        var busy = await rig.BeginAsync();
        for (var seconds = 0; seconds < 250; seconds += 50)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(50));
            await rig.LookupAsync(In(busy), Rig.Named("a"));
        }

        rig.Time.Advance(TimeSpan.FromSeconds(21));
        await DeadAsync(rig, busy);
    }

    [Fact]
    public async Task An_id_that_was_never_given_out_is_told_from_a_dead_one()
    {
        await using var rig = await Rig.StartAsync();
        var refusal = await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(ByteString.CopyFromUtf8("never given out!"), Rig.Upsert("a")));
        Assert.Equal("Invalid transaction.", refusal.Status.Detail);
    }

    [Fact]
    public async Task Of_two_transactions_on_one_entity_the_first_to_commit_wins()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(0))));
        var one = await rig.BeginAsync();
        var two = await rig.BeginAsync();
        await ReadAsync(rig, one);
        await ReadAsync(rig, two);
        await rig.CommitAsync(one, Rig.Upsert("a", ("n", Rig.Int(1))));
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(two, Rig.Upsert("a", ("n", Rig.Int(2)))));
        Assert.Equal(1, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    private static ReadOptions In(ByteString transaction) => new() { Transaction = transaction };

    private static async Task<long> ReadAsync(Rig rig, ByteString transaction) =>
        Assert.Single((await rig.LookupAsync(In(transaction), Rig.Named("a"))).Found).Entity.Properties["n"].IntegerValue;

    private static async Task DeadAsync(Rig rig, ByteString transaction)
    {
        var refusal = await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(In(transaction), Rig.Named("a")));
        Assert.Equal("The referenced transaction has expired or is no longer valid.", refusal.Status.Detail);
    }
}
