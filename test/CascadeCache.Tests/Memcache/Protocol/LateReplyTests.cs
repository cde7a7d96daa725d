using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>A reply and a time-out at the same moment.</summary>
public sealed class LateReplyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_reply_that_comes_as_the_time_out_passes_is_taken_and_neither_side_is_stuck()
    {
        var pending = new PendingRequest();
        pending.Begin(RequestKind.Get, MemcacheFixture.Key("k"), opaque: 1, queuedAt: 0, blocking: true);
        var reader = new Thread(() => pending.Complete(new MemcacheReply { Status = MemcacheStatus.Miss })) { IsBackground = true };
        var time = new ReplyAtTheLastMoment(reader);
        MemcacheReply reply = default;
        bool answered = false;
        var caller = new Thread(() => answered = pending.TryWait(TimeSpan.FromMilliseconds(1), time, out reply)) { IsBackground = true };

        caller.Start();

        Assert.True(caller.Join(Limit), "The caller is stuck.");
        Assert.True(reader.Join(Limit), "The reader is stuck.");
        Assert.True(answered);
        Assert.Equal(MemcacheStatus.Miss, reply.Status);
    }

    // The caller has looked for the reply and asks for the time. At that moment the reply comes; then the time-out has passed.
    private sealed class ReplyAtTheLastMoment(Thread reader) : TimeProvider
    {
        private bool _hasCome;

        public override long GetTimestamp()
        {
            if (!_hasCome)
            {
                _hasCome = true;
                reader.Start();
                reader.Join();
            }

            return long.MaxValue;
        }
    }
}
