using CascadeCache.Emulators.Datastore;
using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Xunit;
using Strategy = CascadeCache.Emulators.Datastore.Protocol.Mutation.Types.ConflictResolutionStrategy;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class VersionTests
{
    [Fact]
    public async Task A_version_is_the_update_time_in_microseconds_and_grows_while_the_clock_stands()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAtomicAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
        var response = await rig.CommitAtomicAsync(Rig.Upsert("a", ("n", Rig.Int(2))), Rig.Upsert("b", ("n", Rig.Int(2))));
        var second = response.MutationResults[0];

        Assert.True(second.Version > first.Version);
        Assert.Equal(second.Version, response.MutationResults[1].Version);
        Assert.Equal(second.Version, Timestamps.ToMicros(second.UpdateTime));
        Assert.Equal(second.Version, Timestamps.ToMicros(response.CommitTime));
        Assert.Equal(first.Version, Timestamps.ToMicros(second.CreateTime));
        var read = await rig.GetAsync("a");
        Assert.Equal((second.Version, second.UpdateTime, second.CreateTime), (read.Version, read.UpdateTime, read.CreateTime));
    }

    [Fact]
    public async Task A_non_transactional_commit_has_no_commit_time()
    {
        await using var rig = await Rig.StartAsync();
        Assert.Null((await rig.CommitAsync(Rig.Upsert("a"))).CommitTime);
    }

    [Fact]
    public async Task The_version_of_an_absent_entity_lies_between_the_past_and_the_future()
    {
        await using var rig = await Rig.StartAsync();
        var written = (await rig.CommitAsync(Rig.Upsert("a"))).MutationResults[0].Version;
        var deleted = (await rig.CommitAsync(Rig.Delete("a"))).MutationResults[0];
        var again = (await rig.CommitAsync(Rig.Delete("a"))).MutationResults[0];
        var lookup = await rig.LookupAsync(null, Rig.Named("a"));
        var missing = Assert.Single(lookup.Missing);
        var rewritten = (await rig.CommitAsync(Rig.Upsert("a"))).MutationResults[0];

        Assert.True(written < deleted.Version && deleted.Version < again.Version);
        Assert.True(again.Version <= missing.Version && missing.Version < rewritten.Version);
        Assert.Equal(missing.Version, Timestamps.ToMicros(lookup.ReadTime));
        Assert.Null(deleted.UpdateTime);
        Assert.Null(deleted.CreateTime);
        Assert.Equal(rewritten.Version, Timestamps.ToMicros(rewritten.CreateTime));
    }

    [Fact]
    public async Task A_write_that_changes_nothing_keeps_the_version()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].Version;
        var second = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].Version;
        Assert.Equal(first, second);
        Assert.Equal(1, rig.Emulator.Statistics.EntitiesWritten);
    }

    [Fact]
    public async Task A_matching_base_version_or_update_time_writes()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
        var mutation = Rig.Upsert("a", ("n", Rig.Int(2)));
        mutation.BaseVersion = first.Version;
        var second = (await rig.CommitAsync(mutation)).MutationResults[0];
        Assert.False(second.ConflictDetected);

        mutation = Rig.Upsert("a", ("n", Rig.Int(3)));
        mutation.UpdateTime = second.UpdateTime;
        Assert.False((await rig.CommitAsync(mutation)).MutationResults[0].ConflictDetected);
        Assert.Equal(3, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
    }

    [Fact]
    public async Task A_conflict_skips_its_mutation_alone_and_reports_the_version_of_the_server()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
        var stale = Rig.Upsert("a", ("n", Rig.Int(2)));
        stale.BaseVersion = first.Version - 1;
        var results = (await rig.CommitAtomicAsync(stale, Rig.Upsert("b"))).MutationResults;

        Assert.True(results[0].ConflictDetected);
        Assert.Equal(first.Version, results[0].Version);
        Assert.Equal(1, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
        Assert.Equal("b", (await rig.GetAsync("b")).Entity.Key.Path[0].Name);
        Assert.Equal(1, rig.Emulator.Statistics.Conflicts);
    }

    [Fact]
    public async Task A_conflict_that_must_fail_aborts_the_whole_commit()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
        var stale = Rig.Upsert("a", ("n", Rig.Int(2)));
        stale.BaseVersion = first.Version + 1;
        stale.ConflictResolutionStrategy = Strategy.Fail;

        await Rig.RefusedAsync(StatusCode.Aborted, rig.CommitAtomicAsync(Rig.Upsert("b"), stale));
        Assert.Single((await rig.LookupAsync(null, Rig.Named("b"))).Missing);
    }

    [Fact]
    public async Task An_absent_entity_conflicts_with_every_version()
    {
        await using var rig = await Rig.StartAsync();
        var missing = Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing).Version;
        var mutation = Rig.Upsert("a");
        mutation.BaseVersion = missing;
        Assert.True((await rig.CommitAsync(mutation)).MutationResults[0].ConflictDetected);
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);
    }

    [Fact]
    public async Task A_read_time_shows_the_past_for_an_hour()
    {
        await using var rig = await Rig.StartAsync();
        var first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0].UpdateTime;
        rig.Time.Advance(TimeSpan.FromMinutes(59));
        var second = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))))).MutationResults[0].UpdateTime;
        await rig.CommitAsync(Rig.Delete("a"));

        Assert.Equal(1, Assert.Single((await rig.LookupAsync(At(first), Rig.Named("a"))).Found).Entity.Properties["n"].IntegerValue);
        Assert.Equal(2, Assert.Single((await rig.LookupAsync(At(second), Rig.Named("a"))).Found).Entity.Properties["n"].IntegerValue);
        Assert.Single((await rig.LookupAsync(null, Rig.Named("a"))).Missing);

        rig.Time.Advance(TimeSpan.FromMinutes(2));
        await Rig.RefusedAsync(StatusCode.FailedPrecondition, rig.LookupAsync(At(first), Rig.Named("a")));
        var future = Timestamps.FromMicros(Timestamps.ToMicros(first) + 7_200_000_000);
        await Rig.RefusedAsync(StatusCode.InvalidArgument, rig.LookupAsync(At(future), Rig.Named("a")));
    }

    private static ReadOptions At(Google.Protobuf.WellKnownTypes.Timestamp time) => new() { ReadTime = time };
}
