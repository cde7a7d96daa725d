using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Property masks of writes and reads.</summary>
public sealed class MaskTests
{
    [Fact]
    public async Task A_touch_writes_one_property_and_finds_nothing_to_touch_when_the_entity_is_gone()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("value", Rig.Text("kept")), ("expiry", Rig.Int(1))))).MutationResults[0];
        var touch = new Mutation { Update = Rig.Entity("a", ("expiry", Rig.Int(2))), PropertyMask = Mask("expiry") };
        touch.BaseVersion = first.Version;
        var second = (await rig.CommitAsync(touch)).MutationResults[0];
        Assert.True(second.Version > first.Version);
        var read = (await rig.GetAsync("a")).Entity.Properties;
        Assert.Equal(("kept", 2L), (read["value"].StringValue, read["expiry"].IntegerValue));

        await rig.CommitAsync(Rig.Delete("a"));
        touch.ClearConflictDetectionStrategy();
        await Rig.RefusedAsync(StatusCode.NotFound, rig.CommitAsync(touch));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_masked_write_of_a_new_entity_stores_the_masked_properties_alone(bool insert)
    {
        await using var rig = await Rig.StartAsync();
        var entity = Rig.Entity("a", ("expiry", Rig.Int(2)), ("value", Rig.Int(3)));
        var mutation = insert ? new Mutation { Insert = entity } : new Mutation { Upsert = entity };
        mutation.PropertyMask = Mask("expiry");
        await rig.CommitAsync(mutation);
        Assert.Equal(["expiry"], (await rig.GetAsync("a")).Entity.Properties.Keys);
    }

    [Fact]
    public async Task An_empty_mask_changes_nothing_and_keeps_the_version()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].Version;
        var mutation = new Mutation { Update = Rig.Entity("a", ("n", Rig.Int(2))), PropertyMask = new PropertyMask() };
        Assert.Equal(first, (await rig.CommitAsync(mutation)).MutationResults[0].Version);
        Assert.Equal(1, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Fact]
    public async Task A_mask_of_a_delete_is_ignored()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        var delete = Rig.Delete("a");
        delete.PropertyMask = Mask("n");
        await rig.CommitAsync(delete);
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
    }

    [Fact]
    public async Task Dots_lead_inside_and_a_backslash_makes_them_part_of_the_name()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("x.y", Rig.Int(1)), ("x", Inner(("y", Rig.Int(2)), ("z", Rig.Int(3)))), (@"b\c", Rig.Int(4))));
        Assert.Equal(1, (await ReadAsync(rig, @"x\.y"))["x.y"].IntegerValue);
        Assert.Equal(["y"], (await ReadAsync(rig, "x.y"))["x"].EntityValue.Properties.Keys);
        Assert.Equal(4, (await ReadAsync(rig, @"b\\c"))[@"b\c"].IntegerValue);

        var update = new Mutation { Update = Rig.Entity("a", ("x.y", Rig.Int(9))), PropertyMask = Mask(@"x\.y", "x.z") };
        await rig.CommitAsync(update);
        var read = (await rig.GetAsync("a")).Entity.Properties;
        Assert.Equal((9, 2), (read["x.y"].IntegerValue, Assert.Single(read["x"].EntityValue.Properties).Value.IntegerValue));
    }

    [Fact]
    public async Task A_read_with_only_the_key_in_its_mask_returns_no_properties()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))));
        Assert.Empty(await ReadAsync(rig, "__key__"));
        Assert.Equal(["n"], (await ReadAsync(rig, "__key__", "n")).Keys);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("a\\")]
    [InlineData("__reserved__")]
    [InlineData("list.x")]
    public async Task Paths_that_lead_nowhere_are_refused(string path)
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Upsert("a", ("list", Rig.List(Inner(("x", Rig.Int(1))))));
        mutation.PropertyMask = Mask(path);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(mutation));
    }

    [Fact]
    public async Task A_query_can_have_a_mask_but_not_beside_a_projection()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1)), ("m", Rig.Int(2))));
        var request = new RunQueryRequest
        {
            ProjectId = Rig.Project,
            Query = new Query { Kind = { new KindExpression { Name = "Thing" } } },
            PropertyMask = Mask("m"),
        };
        var batch = (await rig.Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Batch;
        Assert.Equal(["m"], Assert.Single(batch.EntityResults).Entity.Properties.Keys);
        request.Query.Projection.Add(new Projection { Property = new PropertyReference { Name = "m" } });
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
    }

    private static PropertyMask Mask(params string[] paths) => new() { Paths = { paths } };

    private static Value Inner(params (string Name, Value Value)[] properties)
    {
        var inner = Rig.Entity("unused", properties);
        inner.Key = null;
        return new Value { EntityValue = inner };
    }

    private static async Task<IDictionary<string, Value>> ReadAsync(Rig rig, params string[] paths)
    {
        var request = new LookupRequest { Keys = { Rig.Named("a") }, PropertyMask = Mask(paths) };
        return Assert.Single((await rig.LookupAsync(request)).Found).Entity.Properties;
    }
}
