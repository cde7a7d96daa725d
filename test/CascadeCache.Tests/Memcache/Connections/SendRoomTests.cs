using CascadeCache.Memcache.Connections;
using CascadeCache.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache.Connections;

/// <summary>Who gets room, and when: nobody overtakes among those who need it, and none of it is lost by those who do not come for it.</summary>
public sealed class SendRoomTests
{
    private const int Half = SendRoom.Size / 2;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly SendRoom _room = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Room_is_given_until_it_is_full()
    {
        Assert.Null(_room.Ask(Half));
        Assert.Null(_room.Ask(Half));
        Assert.NotNull(_room.Ask(1));
    }

    [Fact]
    public void What_has_entered_takes_room_until_the_buffer_is_empty()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        _room.Enter(SendRoom.Size);
        SendRoom.Waiter waiter = Wait(Half);
        Assert.False(waiter.Task.IsCompleted);

        _room.Clear();

        Assert.True(waiter.Task.IsCompletedSuccessfully);
        Assert.NotNull(_room.Ask(Half + 1));
    }

    [Fact]
    public void What_is_promised_takes_room_when_the_buffer_is_empty()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        SendRoom.Waiter waiter = Wait(1);

        _room.Clear();

        Assert.False(waiter.Task.IsCompleted);
    }

    [Fact]
    public void What_is_larger_than_the_room_has_it_for_itself()
    {
        Assert.Null(_room.Ask(1));
        SendRoom.Waiter large = Wait(3 * SendRoom.Size);
        SendRoom.Waiter small = Wait(1);
        _room.Enter(1);

        _room.Clear();
        Assert.True(large.Task.IsCompletedSuccessfully);
        Assert.False(small.Task.IsCompleted);

        _room.Enter(large.Bytes);
        _room.Clear();
        Assert.True(small.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public void Nobody_overtakes()
    {
        Assert.Null(_room.Ask(Half));
        SendRoom.Waiter first = Wait(SendRoom.Size);
        SendRoom.Waiter second = Wait(1);

        Assert.False(first.Task.IsCompleted);
        Assert.False(second.Task.IsCompleted);
        _room.Leave(Half);
        Assert.True(first.Task.IsCompletedSuccessfully);
        Assert.False(second.Task.IsCompleted);
    }

    [Fact]
    public void As_many_as_fit_go_on_in_their_order()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        SendRoom.Waiter[] waiters = [Wait(Half), Wait(Half), Wait(Half)];

        _room.Leave(SendRoom.Size);

        Assert.Equal([true, true, false], waiters.Select(static w => w.Task.IsCompletedSuccessfully));
    }

    [Fact]
    public void Whoever_gives_up_keeps_nobody_waiting()
    {
        Assert.Null(_room.Ask(Half));
        SendRoom.Waiter tooLarge = Wait(SendRoom.Size);
        SendRoom.Waiter fits = Wait(Half);

        _room.Leave(tooLarge);

        Assert.True(fits.Task.IsCompletedSuccessfully);
        Assert.False(tooLarge.Task.IsCompleted);
    }

    [Fact]
    public void Whoever_gives_up_when_room_was_promised_gives_it_to_the_next()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        SendRoom.Waiter late = Wait(SendRoom.Size);
        SendRoom.Waiter next = Wait(SendRoom.Size);
        _room.Leave(SendRoom.Size);
        Assert.True(late.Task.IsCompletedSuccessfully);

        _room.Leave(late);

        Assert.True(next.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public void At_the_end_all_go_on()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        SendRoom.Waiter[] waiters = [Wait(SendRoom.Size), Wait(SendRoom.Size)];

        _room.AdmitAll();

        Assert.All(waiters, static w => Assert.True(w.Task.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task A_wait_ends_with_its_time()
    {
        var time = new FakeTimeProvider();
        Assert.Null(_room.Ask(SendRoom.Size));
        Task<bool> wait = Wait(1).WaitAsync(Limit, time, CallContext.Async(Token)).AsTask();
        Assert.False(wait.IsCompleted);

        time.Advance(Limit);

        Assert.False(await wait);
    }

    [Fact]
    public async Task A_wait_ends_with_its_callers_patience()
    {
        using var patience = new CancellationTokenSource();
        Assert.Null(_room.Ask(SendRoom.Size));
        Task<bool> wait = Wait(1).WaitAsync(Limit, new FakeTimeProvider(), CallContext.Async(patience.Token)).AsTask();

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task A_blocking_wait_is_over_when_it_returns()
    {
        Assert.Null(_room.Ask(SendRoom.Size));
        SendRoom.Waiter waiter = Wait(1);

        Task<bool> inVain = waiter.WaitAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, CallContext.Sync).AsTask();
        Assert.True(inVain.IsCompleted);
        Assert.False(await inVain);

        _room.AdmitAll();
        Task<bool> admitted = waiter.WaitAsync(Limit, TimeProvider.System, CallContext.Sync).AsTask();
        Assert.True(admitted.IsCompleted);
        Assert.True(await admitted);
    }

    private SendRoom.Waiter Wait(long bytes)
    {
        SendRoom.Waiter? waiter = _room.Ask(bytes);
        Assert.NotNull(waiter);
        return waiter;
    }
}
