using CascadeCache.Memcache.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Tests.Memcache.Protocol;

/// <summary>What runs after replies is taken for short only when it has been so for a while, and not for long when it no longer is.</summary>
public sealed class ContinuationTimesTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMicroseconds(5);
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ContinuationTimes _times;

    public ContinuationTimesTests()
    {
        _times = new ContinuationTimes(_time);
    }

    [Fact]
    public void Many_short_ones_are_trusted_and_few_are_not()
    {
        Assert.False(_times.AreShort);
        Run(Short, times: 127);
        Assert.False(_times.AreShort);
        Run(Short, times: 1);
        Assert.True(_times.AreShort);
    }

    [Fact]
    public void Where_one_of_twenty_is_long_none_is_trusted()
    {
        for (int i = 0; i < 1000; i++)
        {
            Run(Short, times: 19);
            Run(Long, times: 1);
            Assert.False(_times.AreShort);
        }
    }

    [Fact]
    public void On_the_pool_a_long_one_counts_less()
    {
        for (int i = 0; i < 100; i++)
        {
            Run(Short, times: 19);
            Run(Long, times: 1, onPool: true);
        }

        Assert.True(_times.AreShort);
        Run(Long, times: 100, onPool: true);
        Assert.False(_times.AreShort);
    }

    [Fact]
    public void Where_one_of_a_hundred_is_long_they_are_trusted()
    {
        Run(Short, times: 10_000);
        Run(Long, times: 1);
        Run(Short, times: 99);
        Run(Long, times: 1);
        Assert.True(_times.AreShort);
    }

    [Fact]
    public void Trust_is_lost_faster_than_won()
    {
        Run(Short, times: 10_000);
        Run(Long, times: 13);
        Assert.False(_times.AreShort);
    }

    [Fact]
    public void Each_stall_soon_after_another_costs_twice_as_much()
    {
        for (int loss = 512; loss <= 16 * 1024; loss *= 2)
        {
            _times.AddStall();
            Run(Short, times: loss, onPool: true);
            Assert.False(_times.AreShort);
            Run(Short, times: 128, onPool: true);
            Assert.True(_times.AreShort);
        }

        Run(Short, times: 5000);
        _times.AddStall();
        Run(Short, times: 256 + 128, onPool: true);
        Assert.True(_times.AreShort);
    }

    [Fact]
    public void Many_that_are_run_together_may_take_longer_together()
    {
        for (int i = 0; i < 200; i++)
        {
            long began = _times.Begin();
            _time.Advance(TimeSpan.FromMicroseconds(200));
            _times.End(began, i % 2 == 0 ? 50 : 60);
        }

        Assert.True(_times.AreShort);
    }

    [Fact]
    public void What_a_caller_sends_meanwhile_is_not_its_time()
    {
        for (int i = 0; i < 200; i++)
        {
            long began = _times.Begin();
            long sending = _time.GetTimestamp();
            _time.Advance(Long);
            _times.AddSending(sending);
            _time.Advance(Short);
            _times.End(began, 1);
        }

        Assert.True(_times.AreShort);
    }

    private void Run(TimeSpan each, int times, bool onPool = false)
    {
        for (int i = 0; i < times; i++)
        {
            long began = _times.Begin();
            _time.Advance(each);
            if (onPool)
            {
                _times.EndOnPool(began);
            }
            else
            {
                _times.End(began, 1);
            }
        }
    }
}
