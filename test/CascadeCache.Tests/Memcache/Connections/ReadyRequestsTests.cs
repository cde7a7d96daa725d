using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Connections;

public sealed class ReadyRequestsTests
{
    private const int Many = 1000;

    private readonly ReadyRequests _ready = new();

    [Fact]
    public async Task Of_two_who_take_each_gets_another_one_and_nobody_is_left_out()
    {
        for (int round = 0; round < 20; round++)
        {
            PendingRequest[] all = Add(Many);
            Task<List<PendingRequest>>[] takers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(TakeAll))];
            List<PendingRequest>[] taken = await Task.WhenAll(takers);

            Assert.Equal(Many, taken.Sum(static t => t.Count));
            Assert.Equal(all.ToHashSet(), taken.SelectMany(static t => t).ToHashSet());
            _ready.Clear();
        }
    }

    [Fact]
    public async Task Those_that_nobody_has_taken_are_woken_by_the_pool()
    {
        PendingRequest[] all = Add(3);
        Task<MemcacheReply>[] callers = [.. all.Select(static r => r.WaitAsync(CancellationToken.None).AsTask())];

        Assert.Same(all[0], _ready.Take());
        _ready.WakeOnPool();

        await callers[1];
        await callers[2];
        Assert.False(callers[0].IsCompleted);
        all[0].Wake();
        Assert.True(callers[0].IsCompleted);
    }

    [Fact]
    public void After_it_was_cleared_it_begins_with_the_first_one()
    {
        Add(2);
        TakeAll();
        Assert.Null(_ready.Take());
        _ready.Clear();
        PendingRequest next = Add(1)[0];

        Assert.Same(next, _ready.Take());
        Assert.Null(_ready.Take());
    }

    private PendingRequest[] Add(int count)
    {
        var all = new PendingRequest[count];
        for (int i = 0; i < count; i++)
        {
            all[i] = new PendingRequest();
            all[i].Begin(RequestKind.Get, MemcacheFixture.Key("k"), (uint)i, queuedAt: 0, blocking: false);
            Assert.True(all[i].TryComplete(new MemcacheReply { Status = MemcacheStatus.Miss }));
            _ready.Add(all[i]);
        }

        return all;
    }

    private List<PendingRequest> TakeAll()
    {
        var taken = new List<PendingRequest>();
        while (_ready.Take() is { } request)
        {
            taken.Add(request);
        }

        return taken;
    }
}
