using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Xunit;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Each limit from both sides: the last that is taken and the first that is refused.</summary>
public sealed class ExactLimitTests
{
    private const int TenMebibytes = 10 * 1024 * 1024;

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_commit_may_have_10_MiB_and_not_a_byte_more(int beyond, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        var request = new CommitRequest
        {
            ProjectId = Rig.Project,
            Mode = Mode.Transactional,
            SingleUseTransaction = new TransactionOptions(),
            Mutations = { Enumerable.Range(0, 10).Select(i => Rig.Upsert($"k{i}", ("v", Blob(1_000_000)))) },
        };

        // Filled up by another blob, whose bytes count one for one as long as its length prefix does not grow.
        request.Mutations.Add(Rig.Upsert("filler", ("v", Blob(400_000))));
        request.Mutations[^1].Upsert.Properties["v"] = Blob(400_000 + TenMebibytes - request.CalculateSize() + beyond);
        Assert.Equal(TenMebibytes + beyond, request.CalculateSize());

        await TakenOrRefusedAsync(taken, rig.CommitAsync(request));
        var lookup = await rig.LookupAsync(null, Rig.Named("k0"));
        Assert.Equal(taken ? 1 : 0, lookup.Found.Count);
    }

    [Theory]
    [InlineData(1500, true)]
    [InlineData(1501, false)]
    public async Task Names_kinds_and_property_names_may_have_1500_bytes(int bytes, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        var text = new string('x', bytes - 3) + "€";
        await TakenOrRefusedAsync(taken, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(Rig.Named(new string('x', bytes))) }));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(Rig.Named(text)) }));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(Rig.Named("a", kind: text)) }));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", (text, Rig.Int(1)))));
    }

    [Theory]
    [InlineData(1500, true)]
    [InlineData(1501, false)]
    public async Task An_indexed_value_may_have_1500_bytes(int bytes, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        var blob = new Value { BlobValue = ByteString.CopyFrom(new byte[bytes]) };
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", ("p", blob))));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", ("p", Rig.List(blob)))));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", ("p", Rig.Text(new string('x', bytes))))));
        blob.ExcludeFromIndexes = true;
        await rig.CommitAsync(Rig.Upsert("a", ("p", blob)));
    }

    [Theory]
    [InlineData(1_048_487, true)]
    [InlineData(1_048_488, false)]
    public async Task A_value_out_of_the_indexes_may_have_1048487_bytes(int bytes, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", ("v", Blob(bytes)))));
    }

    [Theory]
    [InlineData(1_048_572, true)]
    [InlineData(1_048_573, false)]
    public async Task An_entity_may_have_1048572_bytes_its_key_and_names_included(int bytes, bool taken)
    {
        await using var rig = await Rig.StartAsync();

        // 32 for the entity, 16 for its key; each text one more than its bytes: the namespace, kind, name and property names.
        const int Overhead = 32 + 16 + 6 + 6 + 2 + 2 + 2;
        var key = Rig.Named("a");
        key.PartitionId = new PartitionId { NamespaceId = "space" };
        var entity = Rig.Entity(key, ("v", Blob(1_000_000)), ("w", Blob(bytes - 1_000_000 - Overhead)));
        await TakenOrRefusedAsync(taken, rig.CommitAsync(new Mutation { Upsert = entity }));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public async Task A_lookup_may_have_1000_keys(int keys, bool taken)
    {
        await using var rig = await Rig.StartAsync(options => options.ResponseEntities = 5000);
        var lookup = rig.LookupAsync(null, [.. Enumerable.Range(0, keys).Select(i => Rig.Named($"k{i}"))]);
        await TakenOrRefusedAsync(taken, lookup);
        if (taken)
        {
            Assert.Equal(keys, (await lookup).Missing.Count);
        }
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task A_key_may_have_100_elements(int elements, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        var key = new Key { Path = { Enumerable.Range(1, elements).Select(id => new Key.Types.PathElement { Kind = "T", Id = id }) } };
        await TakenOrRefusedAsync(taken, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(key) }));
    }

    [Theory]
    [InlineData(20_000, true)]
    [InlineData(20_001, false)]
    public async Task An_entity_may_have_20000_indexed_values(int values, bool taken)
    {
        await using var rig = await Rig.StartAsync();
        var list = Rig.List([.. Enumerable.Range(0, values).Select(i => Rig.Int(i))]);
        await TakenOrRefusedAsync(taken, rig.CommitAsync(Rig.Upsert("a", ("p", list))));
    }

    [Fact]
    public async Task A_lookup_without_keys_is_refused()
    {
        await using var rig = await Rig.StartAsync();
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(new LookupRequest()));
    }

    [Fact]
    public async Task The_default_database_has_no_name_and_a_key_belongs_to_the_project_and_database_of_its_request()
    {
        await using var rig = await Rig.StartAsync();
        foreach (var partition in new[]
        {
            new PartitionId { ProjectId = "foreign" }, new PartitionId { DatabaseId = "foreign" }, new PartitionId { DatabaseId = "(default)" },
            new PartitionId { NamespaceId = "__reserved__" }, new PartitionId { NamespaceId = "not valid" },
        })
        {
            var key = Rig.Named("a");
            key.PartitionId = partition;
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(null, key));
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation { Upsert = Rig.Entity(key) }));
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(new Mutation { Delete = key }));
            var query = new RunQueryRequest { ProjectId = Rig.Project, PartitionId = partition, Query = new Query() };
            await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.Client.RunQueryAsync(query, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
        }

        var own = Rig.Named("a");
        own.PartitionId = new PartitionId { ProjectId = Rig.Project };
        Assert.Single((await rig.LookupAsync(null, own)).Missing);
        var commit = new CommitRequest { DatabaseId = "(default)", Mode = Mode.NonTransactional, Mutations = { Rig.Upsert("a") } };
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.CommitAsync(commit));
        var begin = new BeginTransactionRequest { ProjectId = Rig.Project, DatabaseId = "(default)" };
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.Client.BeginTransactionAsync(begin, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
        await Rig.RefusedAsync(
            StatusCode.InvalidArgument,
            rig.Client.LookupAsync(new LookupRequest { Keys = { Rig.Named("a") } }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
    }

    private static Value Blob(int bytes) => new() { BlobValue = ByteString.CopyFrom(new byte[bytes]), ExcludeFromIndexes = true };

    private static Task TakenOrRefusedAsync(bool taken, Task call) => taken ? call : Rig.RefusedAsync(StatusCode.InvalidArgument, call);
}
