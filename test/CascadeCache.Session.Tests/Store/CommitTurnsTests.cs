using CascadeCache.Session.Diagnostics;
using CascadeCache.Session.Store;
using CascadeCache.Session.Tests.Store.Fakes;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Tests.Store;

/// <summary>Commits of one session at the same time: on one server each is made onto the one before it, without a conflict and without a read; on several they meet, and nothing is lost either.</summary>
public sealed class CommitTurnsTests
{
    private const int Writers = 32;

    private readonly Gates _gates = new();
    private readonly SessionLab _lab = new(static options => options.MaxWriteAttempts = int.MaxValue);
    private int _writes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_many_writers_on_one_server_each_writes_once_and_reads_nothing()
    {
        await WriteAtOnceAsync(_ => _lab.Server);

        Assert.Equal(string.Join(' ', Enumerable.Repeat("TrySetAsync", Writers)), _lab.Cache.TakeCalls());
        Assert.Equal((0, Writers - 1), (_lab.Counters.Get(SessionCounter.Conflicts), _lab.Counters.Get(SessionCounter.WaitedTurns)));
        Assert.Equal((1, Writers - 1), (_lab.Counters.Get(SessionCounter.FirstAttempts), _lab.Counters.Get(SessionCounter.Merged)));
        Assert.Equal(0, _lab.Server.Turns.Count);
    }

    [Fact]
    public async Task The_same_writers_without_turns_meet_each_other()
    {
        await WriteAtOnceAsync(_ => _lab.NewServer());

        Assert.True(_lab.Counters.Get(SessionCounter.Conflicts) >= Writers - 1, "they did not meet");
        Assert.Equal(0, _lab.Counters.Get(SessionCounter.WaitedTurns));
    }

    [Fact]
    public async Task Of_many_writers_on_two_servers_none_is_lost()
    {
        SessionServices other = _lab.NewServer();
        await WriteAtOnceAsync(i => i % 2 == 0 ? _lab.Server : other);

        Assert.Equal(Writers - 2, _lab.Counters.Get(SessionCounter.WaitedTurns));
        Assert.True(_lab.Counters.Get(SessionCounter.Conflicts) > 0, "the two servers did not meet");
        Assert.Equal((0, 0), (_lab.Server.Turns.Count, other.Turns.Count));
    }

    [Theory]
    [InlineData("was not made", "b=1,k=1")]
    [InlineData("has no answer", "a=1,b=1,k=1")]
    [InlineData("is called off", "b=1,k=1")]
    public async Task After_one_that_failed_the_next_reads_anew(string failure, string expected)
    {
        using var cancel = new CancellationTokenSource();
        (ISession a, ISession b) = (await SeedAndLoadAsync("a"), await SeedAndLoadAsync("b"));
        _lab.Cache.TakeCalls();
        HoldWrites();
        _lab.Cache.After = call => call == "TrySetAsync" && _writes == 1 && failure == "has no answer" ? throw new CascadeOutcomeUnknownException("No answer.") : default;
        Task first = a.CommitAsync(cancel.Token);
        Task second = b.CommitAsync(Token);
        Assert.Equal(1, _writes);
        switch (failure)
        {
            case "was not made":
                _gates.Break("1", new CascadeUnavailableException("Out of order."));
                await Assert.ThrowsAsync<CascadeUnavailableException>(() => first);
                break;
            case "has no answer":
                _gates.Open("1");
                await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => first);
                break;
            default:
                await cancel.CancelAsync();
                _gates.Break("1", new OperationCanceledException(cancel.Token));
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
                break;
        }

        OpenWrites(from: 2);
        await second;
        Assert.Equal("TrySetAsync GetVersionedAsync TrySetAsync", _lab.Cache.TakeCalls());
        await AssertStoredAsync(expected);
    }

    [Fact]
    public async Task After_one_that_overwrote_since_its_attempts_were_exhausted_the_next_reads_anew()
    {
        var lab = new SessionLab(static options => options.MaxWriteAttempts = 1);
        lab.Stored.Write(SessionLab.Key, StoredSession.Write(1, ("k", "1")), null, SessionLab.IdleTimeout);
        (ISession a, ISession b) = (await LoadAsync(lab, "a"), await LoadAsync(lab, "b"));
        lab.Cache.TakeCalls();
        lab.Cache.Before = call =>
        {
            if (call == "TrySetAsync" && _writes++ == 0)
            {
                lab.Stored.Write(SessionLab.Key, StoredSession.Write(1, ("k", "1"), ("other", "1")), null, SessionLab.IdleTimeout);
                return new ValueTask(_gates.PassAsync("1"));
            }

            return default;
        };
        Task[] commits = [a.CommitAsync(Token), b.CommitAsync(Token)];
        _gates.Open("1");
        await Task.WhenAll(commits);

        Assert.Equal("TrySetAsync SetAsync GetVersionedAsync TrySetAsync", lab.Cache.TakeCalls());
        Assert.Equal(("a=1,b=1,k=1", 0), (lab.Peek()!.ToString(), lab.Server.Turns.Count));
    }

    [Fact]
    public async Task One_that_is_called_off_while_it_waits_is_passed_over_and_can_be_made_later()
    {
        using var cancel = new CancellationTokenSource();
        ISession[] sessions = [await SeedAndLoadAsync("a"), await SeedAndLoadAsync("b"), await SeedAndLoadAsync("c")];
        _lab.Cache.TakeCalls();
        HoldWrites();
        Task first = sessions[0].CommitAsync(Token);
        Task second = sessions[1].CommitAsync(cancel.Token);
        Task third = sessions[2].CommitAsync(Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal((false, false, 1), (first.IsCompleted, third.IsCompleted, _writes));

        OpenWrites();
        await Task.WhenAll(first, third);
        Assert.Equal("TrySetAsync TrySetAsync", _lab.Cache.TakeCalls());
        await AssertStoredAsync("a=1,c=1,k=1");
        await sessions[1].CommitAsync(Token);
        await AssertStoredAsync("a=1,b=1,c=1,k=1");
    }

    [Fact]
    public async Task One_that_hangs_holds_up_the_others_for_a_limited_time_and_is_stored_all_the_same()
    {
        ISession[] sessions = [await SeedAndLoadAsync("a"), await SeedAndLoadAsync("b"), await SeedAndLoadAsync("c"), await SeedAndLoadAsync("d")];
        HoldWrites();
        Task hanging = sessions[0].CommitAsync(Token);
        Task[] waiting = [sessions[1].CommitAsync(Token), sessions[2].CommitAsync(Token)];
        OpenWrites(from: 2);
        _lab.Clock.Advance(WriteTurns.LongestStandstill - TimeSpan.FromMilliseconds(1));
        Assert.Equal((0, 1), (waiting.Count(static commit => commit.IsCompleted), _writes));
        _lab.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(waiting);
        await AssertStoredAsync("b=1,c=1,k=1");

        // Who comes later does not wait for the one that still hangs.
        await sessions[3].CommitAsync(Token);
        await AssertStoredAsync("b=1,c=1,d=1,k=1");
        Assert.False(hanging.IsCompleted);
        _gates.Open("1");
        await hanging;
        await AssertStoredAsync("a=1,b=1,c=1,d=1,k=1");
    }

    [Fact]
    public async Task One_that_clears_does_not_wait_and_those_who_do_see_it()
    {
        (ISession a, ISession b, ISession cleared) = (await SeedAndLoadAsync("a"), await SeedAndLoadAsync("b"), await SeedAndLoadAsync("c"));
        HoldWrites();
        Task[] commits = [a.CommitAsync(Token), b.CommitAsync(Token)];
        cleared.Clear();
        cleared.SetString("login", "1");
        await cleared.CommitAsync(Token);
        await AssertStoredAsync("login=1", writing: 1);

        OpenWrites();
        await Task.WhenAll(commits);
        await AssertStoredAsync("a=1,b=1,login=1");
        Assert.Equal(1, _lab.Counters.Get(SessionCounter.Conflicts));
    }

    [Fact]
    public async Task One_that_does_not_know_its_version_needs_no_read_when_it_has_waited()
    {
        ISession b = await SeedAndLoadAsync("b");
        b.Clear();
        b.SetString("b", "1");
        await b.CommitAsync(Token);
        ISession a = await SeedAndLoadAsync("a");
        b.SetString("b", "2");
        _lab.Cache.TakeCalls();
        HoldWrites();
        Task[] commits = [a.CommitAsync(Token), b.CommitAsync(Token)];
        OpenWrites();
        await Task.WhenAll(commits);

        Assert.Equal("TrySetAsync TrySetAsync", _lab.Cache.TakeCalls());
        await AssertStoredAsync("a=1,b=2");
    }

    [Fact]
    public async Task Of_two_that_create_an_expired_session_anew_both_survive_under_the_first_ones_id()
    {
        (ISession a, ISession b) = (await LoadAsync(_lab, "a"), await LoadAsync(_lab, "b"));
        HoldWrites();
        OpenWrites(from: 2);
        Task[] commits = [a.CommitAsync(Token), b.CommitAsync(Token)];
        _gates.Open("1");
        await Task.WhenAll(commits);
        b.SetString("c", "1");
        await b.CommitAsync(Token);

        Assert.Equal("GetVersionedAsync GetVersionedAsync TrySetAsync TrySetAsync TrySetAsync", _lab.Cache.TakeCalls());
        await AssertStoredAsync("a=1,b=1,c=1");
        Assert.NotEqual(a.Id, b.Id);
        Assert.Equal(a.Id, _lab.Peek()!.Id);
    }

    private async Task WriteAtOnceAsync(Func<int, SessionServices> serverOf)
    {
        _lab.Stored.Write(SessionLab.Key, StoredSession.Write(1, ("k", "1")), null, SessionLab.IdleTimeout);
        ISession[] sessions = await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => LoadAsync(_lab, $"w{i:00}", serverOf(i))));
        _lab.Cache.TakeCalls();
        _lab.Cache.Before = call => call == "TrySetAsync" ? new ValueTask(_gates.PassAsync("all")) : default;
        Task[] commits = [.. sessions.Select(static session => session.CommitAsync(Token))];
        _gates.Open("all");
        await Task.WhenAll(commits);

        Assert.Equal(string.Join(',', Enumerable.Range(0, Writers).Select(static i => $"w{i:00}=1").Prepend("k=1")), _lab.Peek()!.ToString());
    }

    private async Task<ISession> SeedAndLoadAsync(string name)
    {
        if (_lab.Peek() is null)
        {
            _lab.Stored.Write(SessionLab.Key, StoredSession.Write(1, ("k", "1")), null, SessionLab.IdleTimeout);
        }

        return await LoadAsync(_lab, name);
    }

    private static async Task<ISession> LoadAsync(SessionLab lab, string name, SessionServices? server = null)
    {
        ISession session = await lab.LoadAsync(server);
        session.SetString(name, "1");
        return session;
    }

    /// <summary>Each conditional write waits at a gate, whose name is its number.</summary>
    private void HoldWrites() => _lab.Cache.Before = call => call == "TrySetAsync" ? new ValueTask(_gates.PassAsync($"{Interlocked.Increment(ref _writes)}")) : default;

    private void OpenWrites(int from = 1) => Enumerable.Range(from, 100).ToList().ForEach(number => _gates.Open($"{number}"));

    private async Task AssertStoredAsync(string expected, int writing = 0)
    {
        Assert.Equal(expected, Script.Show(await _lab.LoadAsync()));
        Assert.Equal(writing, _lab.Server.Turns.Count);
    }
}
