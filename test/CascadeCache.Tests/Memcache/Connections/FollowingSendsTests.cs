using CascadeCache.Memcache.Connections;

namespace CascadeCache.Tests.Memcache.Connections;

public sealed class FollowingSendsTests
{
    private readonly FollowingSends _sends = new();
    private readonly Sender _one = new();
    private readonly Sender _two = new();

    [Fact]
    public void All_send_at_the_end_and_not_before()
    {
        _sends.Begin();
        Assert.True(FollowingSends.AreOpen);
        Assert.True(FollowingSends.TryAdd(_one));
        Assert.True(FollowingSends.TryAdd(_two));
        Assert.Equal((0, 0), (_one.Sent, _two.Sent));

        _sends.End();
        Assert.Equal((1, 1), (_one.Sent, _two.Sent));
        Assert.Equal((0, 0), (_one.Passed, _two.Passed));
    }

    [Fact]
    public void Who_is_not_woken_in_between_has_to_send_otherwise()
    {
        Assert.False(FollowingSends.TryAdd(_one));
        _sends.Begin();
        _sends.End();
        Assert.False(FollowingSends.AreOpen);
        Assert.False(FollowingSends.TryAdd(_one));

        _sends.Begin();
        _sends.End();
        Assert.Equal(0, _one.Sent);
    }

    [Fact]
    public void Another_thread_is_not_concerned()
    {
        _sends.Begin();
        bool added = true;
        var thread = new Thread(() => added = FollowingSends.TryAdd(_one) || FollowingSends.AreOpen);
        thread.Start();
        thread.Join();
        _sends.End();

        Assert.False(added);
    }

    // Otherwise what a blocked reader's caller asks for later would stay unsent until he ends.
    [Fact]
    public void Who_takes_the_place_passes_all_on_and_nobody_is_added_any_more()
    {
        _sends.Begin();
        FollowingSends.TryAdd(_one);
        var other = new Thread(_sends.HaveAllSent);
        other.Start();
        other.Join();

        Assert.Equal((0, 1), (_one.Sent, _one.Passed));
        Assert.False(FollowingSends.AreOpen);
        Assert.False(FollowingSends.TryAdd(_two));
        _sends.End();
        Assert.Equal((0, 0), (_two.Sent, _two.Passed));
        Assert.Equal((0, 1), (_one.Sent, _one.Passed));
    }

    // A server that reads nothing keeps the one who sends to it; the others are not his then.
    [Fact]
    public void Who_takes_the_place_of_one_who_is_sending_passes_the_others_on()
    {
        _sends.Begin();
        FollowingSends.TryAdd(_one);
        var blocked = new Sender { Sending = _sends.HaveAllSent };
        FollowingSends.TryAdd(blocked);
        _sends.End();

        Assert.Equal((1, 0), (blocked.Sent, blocked.Passed));
        Assert.Equal((0, 1), (_one.Sent, _one.Passed));
    }

    private sealed class Sender : FollowingSends.ISender
    {
        public Action Sending { get; init; } = static () => { };

        public int Sent { get; private set; }

        public int Passed { get; private set; }

        public void SendGathered()
        {
            Sent++;
            Sending();
        }

        public void HaveGatheredSent() => Passed++;
    }
}
