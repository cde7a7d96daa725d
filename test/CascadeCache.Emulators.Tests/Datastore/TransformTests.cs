using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xunit;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Transforms at the edges: other types, nothing stored, several in a row, repeats.</summary>
public sealed class TransformTests
{
    [Fact]
    public async Task A_number_meets_nothing_or_another_type_and_replaces_it()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("text", Rig.Text("x"))));
        var read = await ApplyAsync(
            rig,
            new PropertyTransform { Property = "text", Increment = Rig.Int(5) },
            new PropertyTransform { Property = "new", Increment = Rig.Int(-5) },
            new PropertyTransform { Property = "low", Minimum = Rig.Int(7) },
            new PropertyTransform { Property = "high", Maximum = Rig.Int(8) });
        Assert.Equal([8, 7, -5, 5], read.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value.IntegerValue));
    }

    [Fact]
    public async Task Whole_and_real_numbers_mix_to_real_ones()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1)), ("r", new Value { DoubleValue = 0.5 }), ("big", Rig.Int(long.MinValue))));
        var read = await ApplyAsync(
            rig,
            new PropertyTransform { Property = "n", Increment = new Value { DoubleValue = 0.25 } },
            new PropertyTransform { Property = "r", Increment = Rig.Int(2) },
            new PropertyTransform { Property = "big", Increment = Rig.Int(-1) });
        Assert.Equal((1.25, 2.5, long.MinValue), (read["n"].DoubleValue, read["r"].DoubleValue, read["big"].IntegerValue));
    }

    [Fact]
    public async Task Transforms_act_in_order_and_report_each_result()
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Upsert("a", ("n", Rig.Int(1)));
        mutation.PropertyTransforms.Add(new PropertyTransform { Property = "n", Increment = Rig.Int(1) });
        mutation.PropertyTransforms.Add(new PropertyTransform { Property = "n", Maximum = Rig.Int(10) });
        mutation.PropertyTransforms.Add(new PropertyTransform { Property = "n", Increment = Rig.Int(1) });
        var results = (await rig.CommitAsync(mutation)).MutationResults[0].TransformResults;
        Assert.Equal([2, 10, 11], results.Select(result => result.IntegerValue));
    }

    [Fact]
    public async Task The_time_of_the_server_has_whole_milliseconds()
    {
        await using var rig = await Rig.StartAsync();
        rig.Time.Advance(TimeSpan.FromMicroseconds(1234));
        var read = await ApplyAsync(rig, RequestTime("at"), RequestTime("inner.at"));
        var expected = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 1, TimeSpan.Zero));
        Assert.Equal(expected, read["at"].TimestampValue);
        Assert.Equal(expected, read["inner"].EntityValue.Properties["at"].TimestampValue);
    }

    [Fact]
    public async Task Arrays_take_what_they_lack_once_and_lose_every_equal_element()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("list", Rig.List(Rig.Int(1), Rig.Int(1), Rig.Text("x"))), ("text", Rig.Text("no array"))));
        var read = await ApplyAsync(
            rig,
            new PropertyTransform { Property = "list", AppendMissingElements = Rig.List(Rig.Int(5), Rig.Int(5), Rig.Text("x")).ArrayValue },
            new PropertyTransform { Property = "list", RemoveAllFromArray = Rig.List(new Value { DoubleValue = 1 }).ArrayValue },
            new PropertyTransform { Property = "text", AppendMissingElements = Rig.List(Rig.Int(2)).ArrayValue },
            new PropertyTransform { Property = "none", RemoveAllFromArray = Rig.List(Rig.Int(2)).ArrayValue });
        Assert.Equal([Rig.Text("x"), Rig.Int(5)], read["list"].ArrayValue.Values);
        Assert.Equal([Rig.Int(2)], read["text"].ArrayValue.Values);
        Assert.Empty(read["none"].ArrayValue.Values);
    }

    [Fact]
    public async Task A_transform_acts_outside_the_mask_and_on_a_new_entity()
    {
        await using var rig = await Rig.StartAsync();
        var mutation = new Mutation { Insert = Rig.Entity("a", ("n", Rig.Int(1)), ("m", Rig.Int(1))), PropertyMask = new PropertyMask { Paths = { "m" } } };
        mutation.PropertyTransforms.Add(new PropertyTransform { Property = "n", Increment = Rig.Int(5) });
        await rig.CommitAsync(mutation);
        var read = (await rig.GetAsync("a")).Entity.Properties;
        Assert.Equal((5, 1), (read["n"].IntegerValue, read["m"].IntegerValue));
    }

    [Fact]
    public async Task A_value_out_of_the_indexes_stays_out_of_them()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("n", new Value { IntegerValue = 1, ExcludeFromIndexes = true })));
        Assert.True((await ApplyAsync(rig, new PropertyTransform { Property = "n", Increment = Rig.Int(1) }))["n"].ExcludeFromIndexes);
    }

    [Fact]
    public async Task A_conflict_keeps_the_transforms_from_acting()
    {
        await using var rig = await Rig.StartAsync();
        var version = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].Version;
        var mutation = new Mutation { Update = Rig.Entity("a"), PropertyMask = new PropertyMask(), BaseVersion = version - 1 };
        mutation.PropertyTransforms.Add(new PropertyTransform { Property = "n", Increment = Rig.Int(1) });
        var result = (await rig.CommitAsync(mutation)).MutationResults[0];
        Assert.True(result.ConflictDetected);
        Assert.Empty(result.TransformResults);
        Assert.Equal(1, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Fact]
    public async Task Transforms_that_make_no_sense_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a"));
        PropertyTransform[] refused =
        [
            new() { Property = "n" },
            new() { Property = "", Increment = Rig.Int(1) },
            new() { Property = "__n__", Increment = Rig.Int(1) },
            new() { Property = "n", Increment = Rig.Text("1") },
            new() { Property = "n", Maximum = new Value { BooleanValue = true } },
            new() { Property = "n", SetToServerValue = PropertyTransform.Types.ServerValue.Unspecified },
            new() { Property = "n", AppendMissingElements = new ArrayValue { Values = { new Value() } } },
            new() { Property = "n", AppendMissingElements = Rig.List(Rig.Text(new string('x', 1501))).ArrayValue },
        ];
        foreach (var transform in refused)
        {
            await Rig.RefusedAsync(StatusCode.InvalidArgument, ApplyAsync(rig, transform));
        }

        var delete = Rig.Delete("a");
        delete.PropertyTransforms.Add(RequestTime("n"));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(delete));
    }

    private static PropertyTransform RequestTime(string property) =>
        new() { Property = property, SetToServerValue = PropertyTransform.Types.ServerValue.RequestTime };

    private static async Task<IDictionary<string, Value>> ApplyAsync(Rig rig, params PropertyTransform[] transforms)
    {
        await rig.CommitAsync(new Mutation { Upsert = Rig.Entity("a"), PropertyMask = new PropertyMask(), PropertyTransforms = { transforms } });
        return (await rig.GetAsync("a")).Entity.Properties;
    }
}
