using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CascadeCache.Tests.Datastore;

/// <summary>A time that stands still until the test moves it, and tells the test which timers have been set.</summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _timers = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>Waits until somebody has set a timer for a time that suits.</summary>
    public async Task<TimeSpan> TimerAsync(Func<TimeSpan, bool> suits)
    {
        while (true)
        {
            TimeSpan due = await _timers.Reader.ReadAsync(TestContext.Current.CancellationToken);
            if (suits(due))
            {
                return due;
            }
        }
    }
}
