using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;
using Xunit;

namespace CascadeCache.Tests.Flow;

/// <summary>
/// Races as scripts. Each is run with sound processes, where no read may return the older value after the newer one was acknowledged, and
/// with a broken twin in one of them, where it must: otherwise the script would prove nothing.
/// </summary>
public class RaceTests
{
    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.FillsWithoutToken), "v1")]
    public async Task A_reader_with_an_old_lease_against_a_writer(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        race.World.Server.Evict("session.abc");
        FakeStop stop = race.World.Durable.Script.StopAfter(Commands.Read);
        Task<string?> read = race.Twin.GetAsync();
        await stop.ReachedAsync();

        await race.Writer.SetAsync("v2");
        stop.Release();

        Assert.Equal("v1", await read);
        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.IgnoresLocks), "v1")]
    public async Task A_reader_against_the_lock_of_a_writer_that_loses_memcached_after_its_commit(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        FakeStop stop = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task write = race.Writer.SetAsync("v2");
        await stop.ReachedAsync();

        Assert.Equal("v1", await race.Twin.GetAsync());
        race.Writer.Tier.Cut();
        stop.Release();
        await write;

        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.IgnoresLocks), "v3")]
    public async Task Two_writers_of_which_the_later_one_loses_memcached_after_its_commit(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        FakeStop stop = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task later = race.Writer.SetAsync("v2");
        await stop.ReachedAsync();

        await race.Twin.SetAsync("v3");
        race.Writer.Tier.Cut();
        stop.Release();
        await later;

        Assert.Equal("v2", await race.StoreReadAsync());
        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v3")]
    [InlineData(nameof(Defect.DeletesWithoutToken), "v1")]
    public async Task The_last_of_two_writers_leaves_while_a_third_one_locks(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        FakeStop first = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task write = race.Twin.SetAsync("v1");
        await first.ReachedAsync();
        await race.Writer.SetAsync("v0");
        FakeStop leave = race.Twin.Tier.Script.StopBefore(Commands.Remove);
        first.Release();
        await leave.ReachedAsync();

        FakeStop third = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task last = race.Writer.SetAsync("v3");
        await third.ReachedAsync();
        leave.Release();
        await write;
        Assert.Equal("v1", await race.ReadAsync());
        race.Writer.Tier.Cut();
        third.Release();
        await last;

        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.KeepsTokens), "v1")]
    public async Task A_lease_of_the_servers_last_life_against_a_lock_of_this_one(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        race.World.Server.Restart();
        race.World.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMinutes(1));
        race.World.Server.Plant("another", [1], 0);
        FakeStop stop = race.World.Durable.Script.StopAfter(Commands.Read);
        Task<string?> read = race.Twin.GetAsync(); // its lease has number 2
        await stop.ReachedAsync();

        race.World.Server.Restart();
        FakeStop commit = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task write = race.Writer.SetAsync("v2"); // placeholder 1, lock 2
        await commit.ReachedAsync();
        stop.Release();
        Assert.Equal("v1", await read);
        race.Writer.Tier.Cut();
        commit.Release();
        await write;

        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.DeniesRestarts), "v1")]
    public async Task A_restart_between_a_lock_and_its_publish(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        FakeStop stop = race.World.Durable.Script.StopBefore(Commands.Commit);
        Task write = race.Writer.SetAsync("v2");
        await stop.ReachedAsync();
        race.World.Server.Restart();

        Assert.Equal("v1", await race.Twin.GetAsync());
        race.Writer.Tier.Cut();
        stop.Release();
        await write;

        Assert.Equal(served, await race.ReadAsync());
    }

    [Theory]
    [InlineData(nameof(Defect.None), "v2")]
    [InlineData(nameof(Defect.PretendsToLock), "v1")]
    public async Task A_writer_that_dies_after_its_commit(string defect, string served)
    {
        await using var race = await Race.StartAsync(defect);
        race.World.Server.Evict("session.abc");
        FakeStop read = race.World.Durable.Script.StopAfter(Commands.Read);
        Task<string?> fill = race.Writer.GetAsync();
        await read.ReachedAsync();

        // Its commit is an acknowledgement: another reader has already seen what it wrote.
        _ = race.World.Durable.Script.StopAfter(Commands.Commit);
        _ = race.Twin.SetAsync("v2");
        Assert.Equal("v2", await race.StoreReadAsync());
        read.Release();
        await fill;

        Assert.Equal(served, await race.ReadAsync());
    }

    [Fact]
    public async Task A_publish_that_arrives_late_never_replaces_what_came_after_it()
    {
        await using var race = await Race.StartAsync(nameof(Defect.None));
        race.Writer.Tier.Script.Next(Commands.Store, VolatileFate.Delayed);
        await race.Writer.SetAsync("v2");
        await race.Twin.SetAsync("v3");

        race.Writer.Tier.RunDelayed();

        Assert.Equal("v3", await race.ReadAsync());
    }

    [Fact]
    public async Task A_lock_that_arrives_late_runs_out_and_hides_nothing()
    {
        await using var race = await Race.StartAsync(nameof(Defect.None));
        race.Writer.Tier.Script.Next(Commands.Take, VolatileFate.Delayed);
        await race.Writer.SetAsync("v2");
        race.Writer.Tier.RunDelayed();

        Assert.Equal("v2", await race.ReadAsync());
        race.World.Time.Advance(race.Writer.Settings.LockTime + TimeSpan.FromSeconds(1));
        Assert.Equal("v2", await race.ReadAsync());
        Assert.Equal(EntryKind.Value, race.World.StoredKind);
    }

    private sealed class Race : IAsyncDisposable
    {
        private readonly FlowProcess _reader;

        private Race(Defect defect)
        {
            Writer = World.Start();
            Twin = World.Start();
            _reader = World.Start();
            var twin = new BrokenTwin(Twin.Tier, defect);
            Twin.Tier.Wrap = _ => twin;
        }

        public FlowFixture World { get; } = new();

        public FlowProcess Writer { get; }

        /// <summary>The process that has the defect, if there is one.</summary>
        public FlowProcess Twin { get; }

        public static async Task<Race> StartAsync(string defect)
        {
            var race = new Race(Enum.Parse<Defect>(defect));
            await race.Writer.SetAsync("v1");
            return race;
        }

        /// <summary>What an innocent third process gets.</summary>
        public Task<string?> ReadAsync() => _reader.GetAsync();

        public Task<string?> StoreReadAsync() =>
            Task.FromResult(World.Durable.Peek(World.Key).Value is { } value ? System.Text.Encoding.UTF8.GetString(value.Payload.Span) : null);

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
