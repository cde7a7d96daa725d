using CascadeCache.Memcache.Connections;

namespace CascadeCache.Tests.Memcache.Connections;

/// <summary>A watch that looks when the test lets it.</summary>
internal sealed class HeldWatch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _permits = new(0);
    private readonly SemaphoreSlim _pauses = new(0);
    private volatile Thread? _thread;

    public HeldWatch()
    {
        Watch = new ReaderWatch(_ =>
        {
            _thread = Thread.CurrentThread;
            _pauses.Release();
            _permits.Wait();
        });
    }

    public ReaderWatch Watch { get; }

    /// <summary>Lets it look as long as it likes.</summary>
    public void Dispose() => _permits.Release(1_000_000);

    /// <summary>Lets it look so often; it is not waited for.</summary>
    public void Let(int looks) => _permits.Release(looks);

    /// <summary>Lets it look once, and waits until its thread has ended: nobody needs it any more.</summary>
    public void LookAndEnd()
    {
        Assert.True(_pauses.Wait(Patience), "The watch is not running.");
        _permits.Release();
        Assert.True(_thread!.Join(Patience));
    }

    /// <summary>Lets it look so often, and waits until it has: until it pauses once more.</summary>
    public void LookTimes(int looks)
    {
        for (int i = 0; i < looks; i++)
        {
            Assert.True(_pauses.Wait(Patience), "The watch is not running.");
            _permits.Release();
        }

        Assert.True(_pauses.Wait(Patience));
        _pauses.Release();
    }
}
