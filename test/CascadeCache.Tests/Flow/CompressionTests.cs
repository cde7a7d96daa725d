using System.Security.Cryptography;
using System.Text;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Flow;
using CascadeCache.Primitives;
using CascadeCache.TestKit.Fakes;
using CascadeCache.Values;

namespace CascadeCache.Tests.Flow;

/// <summary>Both tiers, a process that compresses and one that does not. What is stored is encoded once, moved as it is, and decoded for readers alone.</summary>
public sealed class CompressionTests : IAsyncDisposable
{
    private const int Threshold = 100;
    private static readonly string Long = new('a', 1000);
    private static readonly EntryLifetime Window = new(EntryLifetime.Never, 16 * 60_000);

    private readonly FlowFixture _world = new();
    private readonly FlowProcess _writer;
    private readonly FlowProcess _reader;

    public CompressionTests()
    {
        _writer = _world.Start(static o => o.CompressionThresholdBytes = Threshold);
        _reader = _world.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Assert.Equal((0, 0, 0), (_world.Pool.Open, _writer.Tier.OpenReads, _reader.Tier.OpenReads));
    }

    [Fact]
    public async Task A_value_is_encoded_once_and_both_tiers_hold_the_same_bytes()
    {
        await _writer.SetAsync(Long);

        Assert.Equal(1, _world.Pool.Rents);
        Assert.Equal((ValueEncoding.Brotli, ValueEncoding.Brotli), (InStore().Encoding, _world.StoredEntry().Encoding));
        Assert.Equal(InStore().Payload.ToArray(), _world.StoredEntry().Payload.ToArray());
        Assert.InRange(InStore().Payload.Length, 5, 100);
    }

    [Theory]
    [InlineData(Threshold - 1, false)]
    [InlineData(Threshold, true)]
    public async Task What_is_below_the_threshold_is_stored_as_it_is_and_takes_no_memory(int length, bool isCompressed)
    {
        await _writer.SetAsync(Long[..length]);
        Assert.Equal(Long[..length], await _writer.GetAsync());
        Assert.Equal(Long[..length], await _reader.GetAsync());

        Assert.Equal(isCompressed ? ValueEncoding.Brotli : ValueEncoding.None, InStore().Encoding);
        Assert.Equal(isCompressed ? 3 : 0, _world.Pool.Rents);
    }

    [Fact]
    public async Task Who_does_not_compress_reads_what_others_have_and_overwrites_it()
    {
        await _writer.SetAsync(Long);
        Assert.Equal(Long, await _reader.GetAsync());
        Assert.Equal((1, 0), (_reader.Count(Counter.MemcacheHits), _reader.Count(Counter.RejectedPayloads)));

        await _reader.SetAsync(Long + "b");
        Assert.Equal((ValueEncoding.None, ValueEncoding.None), (InStore().Encoding, _world.StoredEntry().Encoding));
        Assert.Equal(Long + "b", await _writer.GetAsync());
    }

    [Fact]
    public async Task A_fill_moves_the_stored_bytes()
    {
        await _writer.SetAsync(Long);
        _world.Server.Evict("session.abc");

        Assert.Equal(Long, await _reader.GetAsync());

        Assert.Equal(1, _reader.Count(Counter.MemcacheFills));
        Assert.Equal(InStore().Payload.ToArray(), _world.StoredEntry().Payload.ToArray());
        Assert.Equal(2, _world.Pool.Rents);
        Assert.Equal(Long, await _reader.GetAsync());
    }

    [Fact]
    public async Task A_slide_moves_the_stored_bytes_and_decodes_nothing()
    {
        await _writer.SetAsync(Long, Window);
        byte[] stored = InStore().Payload.ToArray();
        _world.Time.Advance(TimeSpan.FromMinutes(6)); // both copies are due
        await _reader.RefreshAsync();
        Assert.Equal((1, 1), (_reader.Count(Counter.MemcacheSlides), _world.Durable.Script.Log.Count(Commands.Extend)));

        _world.Server.Evict("session.abc");
        await _reader.RefreshAsync();

        Assert.Equal(1, _reader.Count(Counter.MemcacheFills));
        Assert.Equal((ValueEncoding.Brotli, ValueEncoding.Brotli), (InStore().Encoding, _world.StoredEntry().Encoding));
        Assert.Equal(stored, _world.StoredEntry().Payload.ToArray());
        Assert.Equal(1, _world.Pool.Rents);
        Assert.Equal(Long, await _reader.GetAsync());
    }

    [Theory]
    [InlineData("E803000003")] // an empty stream for a value of 1000 bytes
    [InlineData("FFFFFF7F8BF301002000D8000E5CC3496536800B7058FE6C")] // 2 GiB, it says
    [InlineData("")]
    public async Task A_copy_that_cannot_be_decoded_is_counted_told_once_and_repaired(string forged)
    {
        await _writer.SetAsync(Long);
        PlantCopy(Convert.FromHexString(forged), _world.StoredEntry().Version);

        Assert.Equal(Long, await _reader.GetAsync());

        Assert.Equal((1, 1, 0), (_reader.Count(Counter.RejectedPayloads), _reader.Count(Counter.MemcacheMisses), _reader.Count(Counter.MemcacheHits)));
        Assert.Equal((1, 1), (_reader.Count(Counter.MemcacheFills), _reader.Log.Count(3)));
        Assert.Equal(Long, await _reader.GetAsync());
        Assert.Equal(1, _reader.Count(Counter.MemcacheHits));
        Assert.InRange(_world.Pool.Largest, 1, 1000);
    }

    [Fact]
    public async Task A_write_and_a_removal_go_over_a_copy_that_cannot_be_decoded()
    {
        PlantCopy([1, 2, 3], version: 1);
        await _writer.SetAsync(Long);
        Assert.Equal(Long, await _reader.GetAsync());

        PlantCopy([1, 2, 3], version: 2000);
        await _writer.RemoveAsync();
        Assert.Null(await _reader.GetAsync());
    }

    [Fact]
    public async Task A_stored_value_that_cannot_be_decoded_is_an_exception_and_never_missing_and_is_not_filled()
    {
        _world.Durable.Plant(_world.Key, new DurableValue(new byte[] { 1, 2, 3, 4, 5, 6 }.ToSequence(), _reader.Hour, _reader.Hour.AbsoluteAt, ValueEncoding.Brotli), version: 1000);

        var error = await Assert.ThrowsAsync<CascadeRejectedException>(() => _reader.GetAsync());
        Assert.Contains("stored as Brotli and cannot be decoded", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", error.Message, StringComparison.Ordinal);
        Assert.Equal(EntryKind.None, _world.StoredKind); // its own lease
        await Assert.ThrowsAsync<CascadeRejectedException>(() => _reader.GetAsync()); // without the right to fill
        await Assert.ThrowsAsync<CascadeRejectedException>(() => TrySetAsync(_writer, CacheVersion.Absent));

        await _writer.SetAsync(Long);
        Assert.Equal(Long, await _reader.GetAsync());
    }

    [Fact]
    public async Task The_limit_of_the_application_is_for_what_is_stored()
    {
        FlowProcess small = _world.Start(static o => (o.CompressionThresholdBytes, o.MaxValueBytes) = (Threshold, 200));
        await small.SetAsync(Long);

        string noise = Convert.ToHexString(SHA512.HashData("noise"u8)) + Convert.ToHexString(SHA512.HashData("more"u8)); // 512 digits, 4 bits in each
        noise += Convert.ToHexString(SHA512.HashData("yet more"u8)) + Convert.ToHexString(SHA512.HashData("the most"u8));
        var error = await Assert.ThrowsAsync<CascadeValueTooLargeException>(() => small.SetAsync(noise));

        Assert.Equal(200, error.Limit);
        Assert.InRange(error.Size, 201, noise.Length - (noise.Length / BrotliForm.LeastSaving));
        Assert.Equal(Long, await _reader.GetAsync());
    }

    [Fact]
    public async Task The_limit_for_memcached_is_for_what_is_stored()
    {
        FlowProcess compressing = _world.Start(static o => (o.CompressionThresholdBytes, o.MaxMemcacheSessionSizeBytes) = (Threshold, 200));
        FlowProcess plain = _world.Start(static o => o.MaxMemcacheSessionSizeBytes = 200);

        await compressing.SetAsync(Long);
        Assert.Equal(EntryKind.Value, _world.StoredKind);
        await plain.SetAsync(Long);
        Assert.Equal(EntryKind.Bypass, _world.StoredKind);
        Assert.Equal(Long, await compressing.GetAsync());
    }

    [Theory]
    [InlineData((int)DurableFate.Unavailable)]
    [InlineData((int)DurableFate.Rejected)]
    [InlineData((int)DurableFate.UnknownApplied)]
    public async Task A_write_that_fails_gives_its_memory_back(int fate)
    {
        await _writer.SetAsync(Long);
        _world.Durable.Script.Next(Commands.Commit, (DurableFate)fate);

        await Assert.ThrowsAnyAsync<CascadeCacheException>(() => _writer.SetAsync(Long + "b"));

        Assert.Equal(0, _world.Pool.Open);
        Assert.Equal(fate == (int)DurableFate.UnknownApplied ? Long + "b" : Long, await _reader.GetAsync());
    }

    [Fact]
    public async Task A_read_that_is_cancelled_before_its_fill_gives_its_memory_back()
    {
        await _writer.SetAsync(Long);
        _world.Server.Evict("session.abc");
        using var cancel = new CancellationTokenSource();
        FakeStop stop = _world.Durable.Script.StopAfter(Commands.Read);
        Task<FoundValue> read = _reader.Flow.GetAsync(_world.Key, CallContext.Async(cancel.Token)).AsTask();
        await stop.ReachedAsync();
        await cancel.CancelAsync();
        stop.Release();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        Assert.Equal((2, 0), (_world.Pool.Rents, _world.Pool.Open)); // it had decoded
    }

    [Fact]
    public async Task Readers_that_share_a_read_have_memory_of_their_own()
    {
        await _writer.SetAsync(Long);
        FakeStop commit = _world.Durable.Script.StopBefore(Commands.Commit);
        Task write = _writer.SetAsync("b");
        await commit.ReachedAsync();
        FakeStop first = _world.Durable.Script.StopBefore(Commands.Read);
        Task<string?> leader = _reader.GetAsync();
        await first.ReachedAsync();
        Task<string?>[] followers = [.. Enumerable.Range(0, 5).Select(_ => _reader.GetAsync())];
        first.Release();

        Assert.Equal(Long, await leader);
        Assert.All(await Task.WhenAll(followers), static value => Assert.Equal(Long, value));
        Assert.Equal(5, _reader.Count(Counter.DatastoreSharedReads));
        commit.Release();
        await write;
    }

    [Fact]
    public async Task A_conditional_write_is_encoded_once_too()
    {
        Assert.NotNull(await TrySetAsync(_writer, CacheVersion.Absent));
        Assert.Null(await TrySetAsync(_writer, CacheVersion.Absent));

        Assert.Equal(ValueEncoding.Brotli, InStore().Encoding);
        Assert.Equal(Long, await _reader.GetAsync());
        Assert.Equal(0, _world.Pool.Open);
    }

    [Fact]
    public async Task A_writer_that_gives_its_memory_back_too_early_is_caught()
    {
        EncodedValue encoded = _writer.Services.Codec.Encode(Encoding.UTF8.GetBytes(Long));
        DurableValue value = _writer.Services.NewValue(_world.Durable, _world.Key, encoded, _writer.Hour);
        encoded.Dispose();
        await _world.Durable.WriteAsync(_world.Key, value, WriteCondition.Always, DurableCause.Set, CallContext.Sync);

        await Assert.ThrowsAsync<CascadeRejectedException>(() => _reader.GetAsync());
    }

    private static Task<CacheVersion?> TrySetAsync(FlowProcess process, CacheVersion expected) =>
        process.Flow.TrySetAsync(new CacheKey("session.abc"), Encoding.UTF8.GetBytes(Long), process.Hour, expected, CallContext.Async(CancellationToken.None)).AsTask();

    private DurableValue InStore() => _world.Durable.Peek(_world.Key).Value!.Value;

    // As somebody could who can write to memcached: with a checksum that is right.
    private void PlantCopy(byte[] payload, long version) => ForgedCopy.Plant(_world, payload, version);
}
