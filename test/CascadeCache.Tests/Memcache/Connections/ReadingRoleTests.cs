using CascadeCache.Memcache.Connections;

namespace CascadeCache.Tests.Memcache.Connections;

public sealed class ReadingRoleTests
{
    private readonly ReadingRole _role = new();

    [Fact]
    public void It_is_exposed_until_somebody_takes_it()
    {
        Assert.Equal(0, _role.Exposure);
        long exposure = _role.Expose();
        Assert.Equal(exposure, _role.Exposure);
        Assert.True(_role.TryTake(exposure));
        Assert.Equal(0, _role.Exposure);
        Assert.False(_role.TryTake(exposure));
    }

    [Fact]
    public void Who_means_an_earlier_exposure_does_not_get_a_later_one()
    {
        long earlier = _role.Expose();
        Assert.True(_role.TryTake(earlier));
        long later = _role.Expose();

        Assert.False(_role.TryTake(earlier));
        Assert.True(_role.TryTake(later));
    }

    [Fact]
    public async Task Of_two_who_want_it_one_gets_it()
    {
        int readers = 0;
        int most = 0;

        // Whoever gets the role exposes it again at once.
        _role.Expose();
        Task[] all = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 50_000; i++)
            {
                long exposure = _role.Exposure;
                if (exposure != 0 && _role.TryTake(exposure))
                {
                    InterlockedMax(ref most, Interlocked.Increment(ref readers));
                    Interlocked.Decrement(ref readers);
                    _role.Expose();
                }
            }
        }))];
        await Task.WhenAll(all);

        Assert.Equal(1, most);
        Assert.Equal(0, readers);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
