using CascadeCache.Emulators.Datastore;
using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class LimitTests
{
    private static readonly string Long = new('x', 1501);

    [Fact]
    public async Task An_indexed_text_or_blob_ends_at_1500_bytes_also_inside_arrays_and_entities()
    {
        await using var rig = await Rig.StartAsync();
        await rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Text(Long[1..]))));
        var excluded = Rig.Text(Long);
        excluded.ExcludeFromIndexes = true;
        await rig.CommitAsync(Rig.Upsert("a", ("p", excluded), ("q", Rig.List(excluded.Clone()))));

        var refusal = await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Text(Long)))));
        Assert.Contains("\"p\" is longer than 1500 bytes", refusal.Status.Detail, StringComparison.Ordinal);
        await RefusesAsync(rig, new Value { BlobValue = ByteString.CopyFromUtf8(Long) });
        await RefusesAsync(rig, Rig.Text(new string('ž', 751)));
        await RefusesAsync(rig, Rig.List(Rig.Text(Long)));
        await RefusesAsync(rig, new Value { EntityValue = new Entity { Properties = { ["inner"] = Rig.Text(Long) } } });
    }

    [Fact]
    public async Task An_entity_ends_at_its_documented_size()
    {
        await using var rig = await Rig.StartAsync();

        // Entity 32, key 16 + "Thing" 6 + "a" 2, property name "v" 2: what is left is the value's.
        var room = EntitySize.MaxEntityBytes - 32 - 16 - 6 - 2 - 2;
        var blob = Blob(EntitySize.MaxUnindexedBytes);
        await rig.CommitAsync(Rig.Upsert("a", ("v", blob)));
        var filler = Rig.Text(new string('x', room - EntitySize.MaxUnindexedBytes - 2 - 1));
        await rig.CommitAsync(Rig.Upsert("a", ("v", blob), ("f", filler)));
        filler.StringValue += "x";
        var refusal = await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a", ("v", blob), ("f", filler))));
        Assert.Contains("1048572", refusal.Status.Detail, StringComparison.Ordinal);
        await RefusesAsync(rig, Blob(EntitySize.MaxUnindexedBytes + 1));
    }

    [Fact]
    public async Task A_commit_ends_at_10_MiB()
    {
        await using var rig = await Rig.StartAsync();
        var ten = Enumerable.Range(0, 10).Select(i => Rig.Upsert($"k{i}", ("v", Blob(1_040_000)))).ToArray();
        await rig.CommitAtomicAsync(ten);
        var more = ten.Append(Rig.Upsert("last", ("v", Blob(200_000)))).ToArray();
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAtomicAsync(more));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("last"))).Missing);
    }

    [Fact]
    public async Task Values_that_the_service_refuses_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        await RefusesAsync(rig, new Value());
        await RefusesAsync(rig, new Value { IntegerValue = 1, Meaning = 18 });
        await RefusesAsync(rig, Rig.List(Rig.List()));
        var excludedArray = Rig.List(Rig.Int(1));
        excludedArray.ExcludeFromIndexes = true;
        await RefusesAsync(rig, excludedArray);
        await RefusesAsync(rig, Nested(21));
        await rig.CommitAsync(Rig.Upsert("a", ("p", Nested(20))));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a", ("__reserved__", Rig.Int(1)))));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a", (Long, Rig.Int(1)))));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("a", ("", Rig.Int(1)))));
    }

    [Fact]
    public async Task Keys_that_the_service_refuses_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        var refusal = await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(null, Rig.Incomplete()));
        Assert.Equal("Key path is incomplete: [Thing: null]", refusal.Status.Detail);
        var tooDeep = new Key();
        tooDeep.Path.Add(Enumerable.Repeat(Rig.Named("a").Path[0], 101));
        var foreign = Rig.Named("a");
        foreign.PartitionId = new PartitionId { ProjectId = "foreign" };
        Key[] bad =
        [
            new Key(), Rig.Named(""), Rig.Named("a", kind: ""), Rig.Named(Long), Rig.Named("a", kind: Long), tooDeep, foreign,
            new Key { Path = { new Key.Types.PathElement { Kind = "Thing", Id = -1 } } },
            new Key { Path = { new Key.Types.PathElement { Kind = "Parent" }, new Key.Types.PathElement { Kind = "Thing", Name = "a" } } },
            new Key { Path = { Enumerable.Repeat(Rig.Named(Long[1..]).Path[0], 5) } },
        ];
        foreach (var key in bad)
        {
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(null, key));
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(key) }));
        }

        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("__a__")));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(Rig.Named("a", kind: "__k__")) }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation { Delete = Rig.Incomplete() }));
    }

    [Fact]
    public async Task Requests_that_the_service_refuses_are_refused()
    {
        await using var rig = await Rig.StartAsync();
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(new LookupRequest { DatabaseId = "(default)", Keys = { Rig.Named("a") } }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(new LookupRequest { ProjectId = "no/slash", Keys = { Rig.Named("a") } }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(null, [.. Enumerable.Range(0, 1001).Select(i => Rig.Named($"k{i}"))]));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new CommitRequest { Mutations = { Rig.Upsert("a") } }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new CommitRequest { Mode = Mode.Transactional, Mutations = { Rig.Upsert("a") } }));
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation()));
        var gql = new RunQueryRequest { ProjectId = Rig.Project, GqlQuery = new GqlQuery { QueryString = "SELECT *" } };
        await Rig.RefusedAsync(StatusCode.Unimplemented, rig.Client.RunQueryAsync(gql, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
    }

    [Fact]
    public async Task Five_hundred_transforms_are_the_most()
    {
        await using var rig = await Rig.StartAsync();
        var mutation = Rig.Upsert("a");
        mutation.PropertyTransforms.Add(Enumerable.Repeat(new PropertyTransform { Property = "n", Increment = Rig.Int(1) }, 500));
        await rig.CommitAsync(mutation);
        Assert.Equal(500, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
        mutation.PropertyTransforms.Add(mutation.PropertyTransforms[0]);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(mutation));
    }

    private static Task RefusesAsync(Rig rig, Value value) =>
        Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(Rig.Upsert("refused", ("p", value))));

    private static Value Blob(int bytes) => new() { BlobValue = ByteString.CopyFrom(new byte[bytes]), ExcludeFromIndexes = true };

    private static Value Nested(int levels)
    {
        var value = Rig.Int(1);
        for (var level = 0; level < levels; level++)
        {
            value = new Value { EntityValue = new Entity { Properties = { ["p"] = value } } };
        }

        return value;
    }
}
