using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CascadeCache.Emulators.Tests.Datastore;

public sealed class RestartTests
{
    [Fact]
    public async Task Entities_their_versions_and_their_history_survive_a_restart()
    {
        using var folder = new TemporaryFolder();
        MutationResult first, second;
        await using (var rig = await OpenAsync(folder))
        {
            first = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(1))))).MutationResults[0];
            second = (await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(2))))).MutationResults[0];
            await rig.CommitAsync(Rig.Upsert("gone"));
            await rig.CommitAsync(Rig.Delete("gone"));
        }

        await using (var rig = await OpenAsync(folder))
        {
            var read = await rig.GetAsync("a");
            Assert.Equal((2, second.Version, first.UpdateTime), (read.Entity.Properties["n"].IntegerValue, read.Version, read.CreateTime));
            var past = await rig.LookupAsync(new ReadOptions { ReadTime = first.UpdateTime }, Rig.Named("a"));
            Assert.Equal(1, Assert.Single(past.Found).Entity.Properties["n"].IntegerValue);
            Assert.Single((await rig.LookupAsync(null, Rig.Named("gone"))).Missing);
        }
    }

    [Fact]
    public async Task Versions_grow_across_a_restart_even_when_the_clock_steps_back()
    {
        using var folder = new TemporaryFolder();
        long before;
        await using (var rig = await OpenAsync(folder))
        {
            before = (await rig.CommitAsync(Rig.Upsert("a"))).MutationResults[0].Version;
        }

        await using var later = await OpenAsync(folder, new FakeTimeProvider(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.True((await later.CommitAsync(Rig.Upsert("b"))).MutationResults[0].Version > before);
    }

    [Fact]
    public async Task A_transaction_does_not_survive_a_restart()
    {
        using var folder = new TemporaryFolder();
        Google.Protobuf.ByteString transaction;
        await using (var rig = await OpenAsync(folder))
        {
            transaction = await rig.BeginAsync();
        }

        await using var later = await OpenAsync(folder);
        await later.BeginAsync();
        await Rig.RefusedAsync(StatusCode.InvalidArgument, later.CommitAsync(transaction, Rig.Upsert("a")));
    }

    [Fact]
    public async Task Old_history_leaves_the_file_and_what_is_current_stays()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var file = folder.File("data.db");
        await using (var rig = await OpenAsync(folder, time))
        {
            for (var n = 0; n < 5; n++)
            {
                await rig.CommitAsync(Rig.Upsert("a", ("n", Rig.Int(n))));
            }

            await rig.CommitAsync(Rig.Upsert("gone"));
            await rig.CommitAsync(Rig.Delete("gone"));
            time.Advance(TimeSpan.FromHours(2));
            await rig.CommitAsync(Rig.Upsert("b"));
            Assert.Equal(4, (await rig.GetAsync("a")).Entity.Properties["n"].IntegerValue);
        }

        Assert.Equal(2, CountRows(file));
    }

    [Fact]
    public async Task Two_emulators_cannot_share_a_file_and_a_file_of_something_else_is_refused()
    {
        using var folder = new TemporaryFolder();
        await using var rig = await OpenAsync(folder);
        await Assert.ThrowsAsync<IOException>(() => OpenAsync(folder));

        var other = folder.File("other.db");
        await File.WriteAllTextAsync(other, new string('x', 5000), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(() => Rig.StartAsync(options => options.DataFile = other));
    }

    private static Task<Rig> OpenAsync(TemporaryFolder folder, FakeTimeProvider? time = null) =>
        Rig.StartAsync(options => options.DataFile = folder.File("data.db"), time);

    private static int CountRows(string file)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM entity";
        return Convert.ToInt32(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
