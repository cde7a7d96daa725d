using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Tests.Memcache.Protocol;

public sealed class PendingQueueTests
{
    private readonly PendingQueue _queue = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_is_a_queue_whatever_is_done_in_whatever_order(int seed)
    {
        var random = new Random(seed);
        var model = new Queue<PendingRequest>();
        for (int step = 0; step < 5000; step++)
        {
            // More comes than goes for a while, so that the ring grows while it is turned; then less.
            if (random.Next(10) < (step < 2500 ? 6 : 4))
            {
                var request = new PendingRequest();
                _queue.Enqueue(request);
                model.Enqueue(request);
            }
            else
            {
                Assert.Same(model.TryDequeue(out PendingRequest? expected) ? expected : null, _queue.Dequeue());
            }

            Assert.Equal((model.Count, model.Count == 0), (_queue.Count, _queue.IsEmpty));
            Assert.Same(model.TryPeek(out PendingRequest? oldest) ? oldest : null, _queue.Peek());
            Assert.Equal(model, _queue.Snapshot());
        }
    }

    [Fact]
    public void An_empty_one_has_nothing()
    {
        Assert.Null(_queue.Peek());
        Assert.Null(_queue.Dequeue());
        Assert.Empty(_queue.Snapshot());
    }
}
