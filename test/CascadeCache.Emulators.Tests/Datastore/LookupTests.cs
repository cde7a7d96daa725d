using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class LookupTests
{
    [Fact]
    public async Task Found_and_missing_keys_come_back_in_their_full_form_once_each()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a"));
        var response = await rig.LookupAsync(null, Rig.Named("a"), Rig.Named("a"), Rig.Named("b"));
        Assert.Equal(Rig.Project, Assert.Single(response.Found).Entity.Key.PartitionId.ProjectId);
        Assert.Equal("b", Assert.Single(response.Missing).Entity.Key.Path[0].Name);
        Assert.NotNull(response.ReadTime);
        Assert.Empty(response.Deferred);
    }

    [Fact]
    public async Task A_mask_trims_what_is_returned()
    {
        await using var rig = await Rig.StartAsync();
        var inner = new Entity { Properties = { ["x"] = Rig.Int(1), ["y"] = Rig.Int(2) } };
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1)), ("m", Rig.Int(2)), ("inner", new Value { EntityValue = inner })));
        var request = new LookupRequest { Keys = { Rig.Named("a") }, PropertyMask = new PropertyMask { Paths = { "n", "inner.y", "absent" } } };
        var read = Assert.Single((await rig.LookupAsync(request)).Found).Entity;
        Assert.Equal(["inner", "n"], read.Properties.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("y", Assert.Single(read.Properties["inner"].EntityValue.Properties).Key);
    }

    [Fact]
    public async Task What_does_not_fit_is_deferred_and_can_be_read_at_the_same_instant()
    {
        await using var rig = await Rig.StartAsync();
        var keys = Enumerable.Range(0, 6).Select(i => $"k{i}").ToList();
        var value = new Value { BlobValue = ByteString.CopyFrom(new byte[1_000_000]), ExcludeFromIndexes = true };
        await rig.CommitAsync([.. keys.Select(key => Rig.Upsert(key, ("v", value), ("n", Rig.Int(1))))]);
        var first = await rig.LookupAsync(null, [.. keys.Select(key => Rig.Named(key))]);
        await rig.CommitAsync([.. keys.Select(key => Rig.Upsert(key, ("n", Rig.Int(2))))]);
        Assert.Equal(3, first.Found.Count);
        Assert.Equal(3, first.Deferred.Count);

        var second = await rig.LookupAsync(new ReadOptions { ReadTime = first.ReadTime }, [.. first.Deferred]);
        var all = first.Found.Concat(second.Found).ToList();
        Assert.Equal(keys, all.Select(result => result.Entity.Key.Path[0].Name));
        Assert.All(all, result => Assert.Equal(1, result.Entity.Properties["n"].IntegerValue));
    }

    [Fact]
    public async Task An_entity_larger_than_the_response_limit_is_still_returned()
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseBytes = 1);
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))), Rig.Upsert("b"));
        var response = await rig.LookupAsync(null, Rig.Named("a"), Rig.Named("b"));
        Assert.Single(response.Found);
        Assert.Single(response.Deferred);
    }

    [Fact]
    public async Task The_number_of_results_defers_too_and_missing_ones_count()
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseEntities = 2);
        await rig.CommitAsync(Rig.Upsert("a"), Rig.Upsert("c"), Rig.Upsert("d"));
        var response = await rig.LookupAsync(null, Rig.Named("a"), Rig.Named("b"), Rig.Named("c"), Rig.Named("d"));
        Assert.Equal((1, 1), (response.Found.Count, response.Missing.Count));
        Assert.Equal(["c", "d"], response.Deferred.Select(key => key.Path[0].Name));
    }

    [Fact]
    public async Task In_a_transaction_deferred_keys_are_read_at_its_instant_and_only_what_was_read_can_conflict()
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseEntities = 1);
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))), Rig.Upsert("b", ("n", Rig.Int(1))));
        var first = await rig.LookupAsync(new ReadOptions { NewTransaction = new TransactionOptions() }, Rig.Named("a"), Rig.Named("b"));
        var unread = await rig.LookupAsync(new ReadOptions { NewTransaction = new TransactionOptions() }, Rig.Named("a"), Rig.Named("b"));
        await rig.CommitAsync(Rig.Upsert("b", ("n", Rig.Int(2))));

        await rig.CommitAsync(unread.Transaction, Rig.Upsert("c"));
        var second = await rig.LookupAsync(new ReadOptions { Transaction = first.Transaction }, [.. first.Deferred]);
        Assert.Equal(first.ReadTime, second.ReadTime);
        Assert.Equal(1, Assert.Single(second.Found).Entity.Properties["n"].IntegerValue);
        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAsync(first.Transaction, Rig.Upsert("d")));
    }
}
