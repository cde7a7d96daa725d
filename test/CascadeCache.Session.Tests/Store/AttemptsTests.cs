using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.Store;

/// <summary>The attempts of a commit: how many, how far apart, and what becomes of it when all of them met another write.</summary>
public sealed class AttemptsTests
{
    private static readonly DistributedCacheEntryOptions Sliding = new() { SlidingExpiration = TimeSpan.FromMinutes(20) };

    [Theory]
    [InlineData(1, "k=1,mine=1", "TrySetAsync SetAsync")]
    [InlineData(2, "k=1,mine=1,other1=1", "TrySetAsync GetVersionedAsync TrySetAsync SetAsync")]
    [InlineData(3, "k=1,mine=1,other1=1,other2=1", "TrySetAsync GetVersionedAsync TrySetAsync GetVersionedAsync TrySetAsync SetAsync")]
    public async Task When_all_have_failed_the_last_write_wins_with_all_that_is_known(int attempts, string expected, string calls)
    {
        var lab = new SessionLab(options => options.MaxWriteAttempts = attempts);
        ISession session = await SeedAndLoadAsync(lab);
        int others = 0;
        lab.Cache.Before = call => call == "TrySetAsync" ? OtherWrites(lab, $"other{++others}") : default;
        session.SetString("mine", "1");
        await session.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(calls, lab.Cache.TakeCalls());
        Assert.Equal(expected, lab.Peek()!.ToString());
        Assert.Equal((attempts, 1), (lab.Counters.Get(SessionCounter.Conflicts), lab.Counters.Get(SessionCounter.AttemptsExhausted)));
        Assert.Equal([103], lab.Logs.OwnIds);
    }

    [Fact]
    public async Task After_that_the_next_commit_of_the_request_reads_and_merges()
    {
        var lab = new SessionLab(static options => options.MaxWriteAttempts = 1);
        ISession session = await SeedAndLoadAsync(lab);
        int others = 0;
        lab.Cache.Before = call => call == "TrySetAsync" && others == 0 ? OtherWrites(lab, $"other{++others}") : default;
        session.SetString("mine", "1");
        await session.CommitAsync(TestContext.Current.CancellationToken);
        await OtherWrites(lab, "later");
        lab.Cache.TakeCalls();
        session.SetString("mine", "2");
        await session.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("GetVersionedAsync TrySetAsync", lab.Cache.TakeCalls());
        Assert.Equal("k=1,later=1,mine=2", lab.Peek()!.ToString());
    }

    [Fact]
    public async Task The_delays_double_up_to_the_longest_and_are_a_random_part_of_that()
    {
        var lab = new SessionLab(
            static options => (options.RetryBaseDelay, options.RetryMaxDelay) = (TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(100)), random: static () => 0.5);
        ISession session = await SeedAndLoadAsync(lab);
        int others = 0;
        lab.Cache.Before = call => call == "TrySetAsync" && others < 6 ? OtherWrites(lab, $"other{++others}") : default;
        session.SetString("mine", "1");
        Task commit = session.CommitAsync(TestContext.Current.CancellationToken);

        // The first retry is made at once; before each further one it waits for the clock.
        var delays = new List<double>();
        while (!commit.IsCompleted)
        {
            int seen = others;
            double waited = 0;
            for (; others == seen && !commit.IsCompleted; waited++)
            {
                lab.Clock.Advance(TimeSpan.FromMilliseconds(1));
            }

            delays.Add(waited);
        }

        await commit;
        Assert.Equal([20, 40, 50, 50, 50], delays);
        Assert.Equal("k=1,mine=1,other1=1,other2=1,other3=1,other4=1,other5=1,other6=1", lab.Peek()!.ToString());
    }

    [Fact]
    public async Task A_cancelled_commit_ends_in_the_delay_and_the_next_one_stores()
    {
        var lab = new SessionLab(static options => options.RetryBaseDelay = TimeSpan.FromMilliseconds(40));
        ISession session = await SeedAndLoadAsync(lab);
        int others = 0;
        lab.Cache.Before = call => call == "TrySetAsync" && others < 2 ? OtherWrites(lab, $"other{++others}") : default;
        session.SetString("mine", "1");
        using var cancel = new CancellationTokenSource();
        Task commit = session.CommitAsync(cancel.Token);
        Assert.False(commit.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);
        await session.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("k=1,mine=1,other1=1,other2=1", lab.Peek()!.ToString());
    }

    [Fact]
    public async Task The_members_that_no_session_calls_work_all_the_same()
    {
        var lab = new SessionLab();
        RequestSessionCache cache = lab.NewRequestCache();
        byte[] value = StoredSession.Write(1, ("k", "1"));
        cache.Set("key", value, Sliding);
        cache.Refresh("key");
        Assert.Equal(value, cache.Get("key"));
        Assert.Equal("Set", lab.Cache.TakeCalls());

        lab.Clock.Advance(TimeSpan.FromMinutes(1));
        cache.Refresh("key");
        cache.Refresh("key");
        Assert.Equal("Refresh", lab.Cache.TakeCalls());

        cache.Remove("key");
        Assert.Null(cache.Get("key"));
        Assert.Equal("Remove GetVersioned", lab.Cache.TakeCalls());

        cache.Set("key", value, Sliding);
        await cache.RemoveAsync("key", TestContext.Current.CancellationToken);
        Assert.Null(await cache.GetAsync("key", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_failed_blocking_load_is_not_tried_again_and_throws_what_it_threw()
    {
        var lab = new SessionLab();
        RequestSessionCache cache = lab.NewRequestCache();
        var failure = new CascadeUnavailableException("Out of order.");
        lab.Cache.Before = _ => throw failure;

        Assert.Same(failure, Assert.Throws<CascadeUnavailableException>(() => cache.Get("key")));
        Assert.Same(failure, Assert.Throws<CascadeUnavailableException>(() => cache.Get("key")));
        Assert.Equal("GetVersioned", lab.Cache.TakeCalls());
    }

    private static async Task<ISession> SeedAndLoadAsync(SessionLab lab)
    {
        lab.Stored.Write(SessionLab.Key, StoredSession.Write(1, ("k", "1")), null, SessionLab.IdleTimeout);
        ISession session = await lab.LoadAsync();
        lab.Cache.TakeCalls();
        return session;
    }

    private static ValueTask OtherWrites(SessionLab lab, string name)
    {
        StoredSession stored = lab.Peek()!;
        lab.Stored.Write(
            SessionLab.Key, StoredSession.Write(1, [.. stored.Values.Append(new(name, "1")).Select(static pair => (pair.Key, pair.Value))]), null, SessionLab.IdleTimeout);
        return default;
    }
}
