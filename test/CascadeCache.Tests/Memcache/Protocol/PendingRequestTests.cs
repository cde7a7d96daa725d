using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class PendingRequestTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    // Far beyond what a working test needs: that the call ends at all is the point.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private int _returned;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reply_reaches_the_caller_that_waits(bool before)
    {
        PendingRequest request = Request(blocking: false);
        Task<MemcacheReply>? early = before ? request.WaitAsync(Token).AsTask() : null;

        request.Complete(Reply());

        Assert.Equal(MemcacheStatus.Hit, (await (early ?? request.WaitAsync(Token).AsTask())).Status);
        Assert.Equal(0, _returned);
    }

    [Fact]
    public void A_caller_who_is_left_sleeping_goes_on_where_he_is_woken()
    {
        PendingRequest request = Request(blocking: false);
        Thread? woken = null;
        _ = NoteAsync();

        async Task NoteAsync()
        {
            await request.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            woken = Thread.CurrentThread;
        }

        Assert.True(request.TryComplete(Reply()));
        Assert.Null(woken);
        request.Wake();

        Assert.Same(Thread.CurrentThread, woken);
    }

    [Fact]
    public async Task Who_blocks_or_has_given_up_need_not_be_woken()
    {
        PendingRequest blocking = Request(blocking: true, TimeProvider.System.GetTimestamp());
        Assert.False(blocking.TryComplete(Reply()));
        Assert.True(blocking.TryWait(Day, TimeProvider.System, out _));

        PendingRequest givenUp = Request(blocking: false);
        using var impatience = new CancellationTokenSource();
        Task<MemcacheReply> waiting = givenUp.WaitAsync(impatience.Token).AsTask();
        await impatience.CancelAsync();
        Assert.False(givenUp.TryComplete(Reply()));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_reply_after_its_caller_has_given_up_gives_its_memory_back()
    {
        PendingRequest request = Request(blocking: false);
        using var impatience = new CancellationTokenSource();
        Task<MemcacheReply> waiting = request.WaitAsync(impatience.Token).AsTask();
        await impatience.CancelAsync();

        request.Complete(Reply());

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(impatience.Token, canceled.CancellationToken);
        Assert.Equal(1, _returned);
    }

    [Fact]
    public async Task Who_gives_up_after_the_reply_has_it_all_the_same()
    {
        PendingRequest request = Request(blocking: false);
        using var impatience = new CancellationTokenSource();
        request.Complete(Reply());
        await impatience.CancelAsync();

        Assert.Equal(MemcacheStatus.Hit, (await request.WaitAsync(impatience.Token)).Status);
        Assert.Equal(0, _returned);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_replies_the_second_one_has_no_effect(bool blocking)
    {
        PendingRequest request = Request(blocking);
        int returnedOfSecond = 0;
        Assert.True(request.TryExpire(request.Life, Reply()));
        request.Complete(new MemcacheReply { Status = MemcacheStatus.Miss, Loan = new Loan(new Memory(() => returnedOfSecond++)) });

        MemcacheReply reply = default;
        if (!blocking)
        {
            reply = await request.WaitAsync(Token);
        }
        else
        {
            Assert.True(request.TryWait(Day, _time, out reply));
        }

        Assert.Equal(MemcacheStatus.Hit, reply.Status);
        Assert.Equal((0, 1), (_returned, returnedOfSecond));
    }

    [Fact]
    public async Task A_reply_wakes_the_thread_that_waits()
    {
        PendingRequest request = Request(blocking: true);
        var result = new TaskCompletionSource<(bool HasReply, MemcacheStatus Status)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var caller = new Thread(() => result.SetResult((request.TryWait(Day, _time, out MemcacheReply reply), reply.Status))) { IsBackground = true };
        caller.Start();
        while ((caller.ThreadState & ThreadState.WaitSleepJoin) == 0)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        request.Complete(Reply());

        Assert.Equal((true, MemcacheStatus.Hit), await result.Task.WaitAsync(Patience, Token));
        Assert.Equal(0, _returned);
    }

    [Fact]
    public void A_reply_that_came_before_the_caller_waits_is_there_however_late_it_is()
    {
        PendingRequest request = Request(blocking: true);
        request.Complete(Reply());
        _time.Advance(Day);

        Assert.True(request.TryWait(TimeSpan.FromSeconds(1), _time, out MemcacheReply reply));
        Assert.Equal(MemcacheStatus.Hit, reply.Status);
    }

    [Fact]
    public async Task The_time_out_counts_from_when_the_request_was_queued()
    {
        PendingRequest request = Request(blocking: true);
        _time.Advance(Day);

        Assert.False(await Task.Run(() => request.TryWait(Day, _time, out _), Token).WaitAsync(Patience, Token));
        request.Complete(Reply());
        Assert.Equal(1, _returned);
    }

    [Fact]
    public void A_request_that_nobody_answers_is_given_up_once_and_for_all()
    {
        PendingRequest request = Request(blocking: true, TimeProvider.System.GetTimestamp());

        Assert.False(request.TryWait(TimeSpan.FromMilliseconds(20), TimeProvider.System, out MemcacheReply reply));
        Assert.Equal(default, reply.Status);
        request.Complete(Reply());
        Assert.Equal(1, _returned);
    }

    private PendingRequest Request(bool blocking, long? queuedAt = null)
    {
        var request = new PendingRequest();
        request.Begin(RequestKind.Get, MemcacheFixture.Key("k"), opaque: 1, queuedAt ?? _time.GetTimestamp(), blocking);
        return request;
    }

    private MemcacheReply Reply() => new() { Status = MemcacheStatus.Hit, Loan = new Loan(new Memory(() => _returned++)) };

    private sealed class Memory(Action returned) : IDisposable
    {
        public void Dispose() => returned();
    }
}
