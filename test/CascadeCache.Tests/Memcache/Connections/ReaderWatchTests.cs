using CascadeCache.Memcache.Connections;

namespace CascadeCache.Tests.Memcache.Connections;

public sealed class ReaderWatchTests : IDisposable
{
    private readonly HeldWatch _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public void All_are_looked_at_until_they_need_it_no_more_and_then_the_thread_ends()
    {
        var first = new Watched { Looks = 2 };
        var second = new Watched { Looks = 3 };
        _held.Watch.Add(first);
        _held.Watch.Add(second);

        _held.LookTimes(2);
        Assert.Equal((0, 1), (first.Looks, second.Looks));
        _held.LookAndEnd();
        Assert.Equal((0, 0), (first.Looks, second.Looks));
    }

    [Fact]
    public void Who_comes_when_the_thread_has_ended_is_looked_at_by_another_one()
    {
        var first = new Watched { Looks = 1 };
        _held.Watch.Add(first);
        _held.LookAndEnd();

        var second = new Watched { Looks = 1 };
        _held.Watch.Add(second);
        _held.LookAndEnd();
        Assert.NotNull(second.Looker);
        Assert.NotSame(first.Looker, second.Looker);
    }

    private sealed class Watched : ReaderWatch.IWatched
    {
        public int Looks { get; set; }

        public Thread? Looker { get; private set; }

        public bool Look()
        {
            Looker = Thread.CurrentThread;
            return --Looks > 0;
        }
    }
}
