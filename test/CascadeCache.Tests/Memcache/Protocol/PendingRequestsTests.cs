using System.Collections.Concurrent;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>Requests are used again, and nothing of an earlier use reaches a later one.</summary>
public sealed class PendingRequestsTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly PendingRequests _requests = new(new ContinuationTimes(TimeProvider.System));
    private uint _opaque;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_used_again_when_its_caller_has_the_reply()
    {
        PendingRequest first = Begin();
        first.Complete(Reply(1));
        Assert.NotSame(first, Begin()); // its caller has not taken it yet

        Assert.Equal(1u, (await first.WaitAsync(CancellationToken.None)).ClientFlags);
        Assert.Same(first, Begin());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_was_given_up_is_used_again_when_its_reply_has_come(bool expires)
    {
        PendingRequest first = Begin();
        using var impatience = new CancellationTokenSource();
        Task<MemcacheReply> waiting = first.WaitAsync(impatience.Token).AsTask();
        if (expires)
        {
            Assert.True(first.TryExpire(first.Life, Reply(9)));
            Assert.Equal(9u, (await waiting).ClientFlags);
        }
        else
        {
            await impatience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Assert.NotSame(first, Begin());
        first.Complete(Reply(1));
        Assert.Same(first, Begin());
    }

    [Fact]
    public void The_same_for_a_thread_that_waits()
    {
        PendingRequest first = Begin(blocking: true);
        first.Complete(Reply(1));
        Assert.True(first.TryWait(Day, TimeProvider.System, out _));
        Assert.Same(first, Begin(blocking: true));

        Assert.False(first.TryWait(TimeSpan.Zero, TimeProvider.System, out _));
        Assert.NotSame(first, Begin());
        first.Complete(Reply(2));
        Assert.Same(first, Begin());
    }

    [Fact]
    public async Task The_end_of_an_earlier_use_is_not_the_end_of_a_later_one()
    {
        PendingRequest request = Begin();
        long earlier = request.Life;
        using var late = new CancellationTokenSource();
        request.Complete(Reply(1));
        await request.WaitAsync(late.Token);
        Assert.Same(request, Begin());

        await late.CancelAsync();
        Assert.False(request.TryExpire(earlier, Reply(9)));

        request.Complete(Reply(2));
        Assert.Equal(2u, (await request.WaitAsync(Token)).ClientFlags);
    }

    [Fact]
    public void Without_its_life_a_late_expiry_would_end_a_later_use()
    {
        PendingRequest request = Begin(blocking: true);
        request.Complete(Reply(1));
        Assert.True(request.TryWait(Day, TimeProvider.System, out _));
        Assert.Same(request, Begin(blocking: true));

        Assert.True(request.TryExpire(request.Life, Reply(9))); // as a watchdog would that looks for the life only now

        Assert.True(request.TryWait(Day, TimeProvider.System, out MemcacheReply reply));
        Assert.Equal(9u, reply.ClientFlags);
    }

    // One reader, and callers of each kind who cancel and are expired at any moment; each reply names the request that it belongs to.
    [Fact]
    public async Task Among_many_nobody_gets_what_belongs_to_another_use()
    {
        const int Rounds = 3000;
        var queue = new BlockingCollection<PendingRequest>();
        var gate = new Lock();
        var ends = new ConcurrentDictionary<string, int>();
        var reader = new Thread(() =>
        {
            foreach (PendingRequest request in queue.GetConsumingEnumerable())
            {
                request.Complete(Reply(request.Opaque));
            }
        });
        reader.Start();

        (PendingRequest Request, uint Opaque) Ask(bool blocking)
        {
            lock (gate)
            {
                PendingRequest request = Begin(blocking);
                uint opaque = request.Opaque;
                queue.Add(request, CancellationToken.None);
                return (request, opaque);
            }
        }

        async Task CallAsync(int caller)
        {
            var random = new Random(caller);
            for (int round = 0; round < Rounds; round++)
            {
                using var impatience = new CancellationTokenSource();
                (PendingRequest request, uint opaque) = Ask(blocking: false);
                long life = request.Life;
                ValueTask<MemcacheReply> waiting = request.WaitAsync(random.Next(2) == 0 ? CancellationToken.None : impatience.Token);
                int act = random.Next(3);
                if (act == 1)
                {
                    await impatience.CancelAsync();
                }
                else if (act == 2)
                {
                    request.TryExpire(life, Reply(uint.MaxValue)); // the life may have ended
                }

                try
                {
                    MemcacheReply reply = await waiting;
                    Assert.True(reply.ClientFlags == opaque || (act == 2 && reply.ClientFlags == uint.MaxValue), $"Request {opaque} got {reply.ClientFlags}.");
                    ends.AddOrUpdate(reply.ClientFlags == opaque ? "reply" : "expired", 1, static (_, n) => n + 1);
                }
                catch (OperationCanceledException e)
                {
                    Assert.Equal(impatience.Token, e.CancellationToken);
                    ends.AddOrUpdate("canceled", 1, static (_, n) => n + 1);
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(caller => Task.Run(() => CallAsync(caller), Token)));
        queue.CompleteAdding();
        Assert.True(reader.Join(TimeSpan.FromSeconds(60)));
        Assert.Contains("reply", ends.Keys);
    }

    private PendingRequest Begin(bool blocking = false)
    {
        PendingRequest request = _requests.Rent();
        request.Begin(RequestKind.Get, MemcacheFixture.Key("k"), ++_opaque, queuedAt: 0, blocking);
        return request;
    }

    private static MemcacheReply Reply(uint flags) => new() { Status = MemcacheStatus.Hit, ClientFlags = flags };
}
