using System.Diagnostics;
using System.Text;
using CascadeCache.Diagnostics;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Tests.Diagnostics;

/// <summary>What metrics and spans tell of calls, and that neither they nor the log tell a key or a value.</summary>
public sealed class TelemetryTests
{
    private static readonly DistributedCacheEntryOptions Day = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_call_moves_its_counters_and_no_other()
    {
        await using TelemetryRig rig = await TelemetryRig.StartAsync();
        CascadeDistributedCache cache = rig.Cache;

        Assert.Equal(
            ["datastore.operations[operation=read,cause=get] +1", "memcache.connections[result=opened] +1", "memcache.passes[result=miss] +1", "memcache.writes[cause=fill] +1", "reads[tier=datastore,result=miss] +1"],
            await rig.ChangesAsync(() => cache.GetAsync("k", Token)));
        Assert.Equal(["reads[tier=memcache,result=absent] +1"], await rig.ChangesAsync(() => cache.GetAsync("k", Token)));
        Assert.Equal(
            ["datastore.operations[operation=write,cause=set] +1", "memcache.writes[cause=publish] +1"],
            await rig.ChangesAsync(() => cache.SetAsync("k", [1], Day, Token)));
        Assert.Equal(["reads[tier=memcache,result=hit] +1"], await rig.ChangesAsync(() => cache.GetAsync("k", Token)));
        Assert.Equal(
            ["datastore.operations[operation=delete,cause=remove] +1", "memcache.writes[cause=publish] +1"],
            await rig.ChangesAsync(() => cache.RemoveAsync("k", Token)));
        Assert.Equal(
            ["bypasses[cause=configured_limit] +1", "datastore.operations[operation=write,cause=set] +1", "memcache.writes[cause=publish] +1"],
            await rig.ChangesAsync(() => cache.SetAsync("k", new byte[2000], Day, Token)));
        Assert.Equal(
            ["datastore.operations[operation=read,cause=get] +1", "memcache.passes[result=miss] +1", "reads[tier=datastore,result=hit] +1"],
            await rig.ChangesAsync(() => cache.GetAsync("k", Token)));
    }

    [Fact]
    public async Task Every_instrument_has_its_unit_and_a_description()
    {
        await using TelemetryRig rig = await TelemetryRig.StartAsync();

        Assert.Equal(
            [
                "cascadecache.backlog {key}",
                "cascadecache.bypasses {value}",
                "cascadecache.datastore.operations {operation}",
                "cascadecache.datastore.shared_reads {read}",
                "cascadecache.incidents {incident}",
                "cascadecache.memcache.connections {event}",
                "cascadecache.memcache.passes {read}",
                "cascadecache.memcache.writes {write}",
                "cascadecache.reads {read}",
                "cascadecache.retries {retry}",
            ],
            rig.Instruments.Values.Select(static instrument => $"{instrument.Name} {instrument.Unit}").Order(StringComparer.Ordinal));
        Assert.All(rig.Instruments.Values, static instrument => Assert.False(string.IsNullOrEmpty(instrument.Description)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_call_is_a_span_that_says_which_tier_answered(bool sync)
    {
        await using TelemetryRig rig = await TelemetryRig.StartAsync();
        using var spans = new SpanLog();

        await RunAllAsync(rig.Cache, "k", [1], sync);

        Assert.Equal(
            [
                "CascadeCache.Get hit=False tier=datastore",
                "CascadeCache.Set",
                "CascadeCache.Get hit=True tier=memcache",
                "CascadeCache.Refresh",
                "CascadeCache.Remove",
                "CascadeCache.Get hit=False tier=memcache",
            ],
            spans.Ended.Select(static span => string.Join(' ', span.TagObjects
                .Select(static tag => $"{tag.Key.Replace("cascadecache.", "", StringComparison.Ordinal)}={tag.Value}")
                .Order(StringComparer.Ordinal)
                .Prepend(span.OperationName))));
        Assert.All(spans.Ended, static span => Assert.Equal((ActivityKind.Client, ActivityStatusCode.Unset), (span.Kind, span.Status)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_fails_is_a_span_with_an_error(bool sync)
    {
        await using TelemetryRig rig = await TelemetryRig.StartAsync();
        await rig.Datastore.DisposeAsync();
        using var spans = new SpanLog();

        await FailAllAsync(rig.Cache, "k", [1], sync);

        Assert.Equal(["CascadeCache.Get", "CascadeCache.Set", "CascadeCache.Remove"], spans.Ended.Select(static span => span.OperationName));
        Assert.All(spans.Ended, static span => Assert.Equal(ActivityStatusCode.Error, span.Status));
        Assert.All(spans.Ended, static span => Assert.StartsWith("Cascade", span.StatusDescription, StringComparison.Ordinal));
        Assert.Contains(rig.Measure().Keys, static series => series == "retries[tier=datastore]");
        Assert.Contains(rig.Measure().Keys, static series => series == "incidents[cause=datastore_failure]");
    }

    [Fact]
    public async Task Without_a_listener_there_is_no_span()
    {
        Assert.Null(CascadeActivities.Start("CascadeCache.Get"));

        using (new SpanLog())
        {
            using Activity? span = CascadeActivities.Start("CascadeCache.Get");
            Assert.NotNull(span);
        }

        await using TelemetryRig rig = await TelemetryRig.StartAsync();
        Assert.Null(CascadeActivities.Start("CascadeCache.Get"));
        Assert.Null(await rig.Cache.GetAsync("k", Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_key_and_no_value_is_told_to_anybody(bool sync)
    {
        const string Secret = "S3CR3T";
        byte[] value = Encoding.UTF8.GetBytes(Secret + "-value");
        byte[] large = [.. Enumerable.Repeat(value, 200).SelectMany(static bytes => bytes)];
        await using TelemetryRig rig = await TelemetryRig.StartAsync();
        using var spans = new SpanLog();

        await RunAllAsync(rig.Cache, Secret, value, sync);
        await RunAllAsync(rig.Cache, Secret + " with blanks", large, sync);
        await rig.Memcached.DisposeAsync();
        await RunAllAsync(rig.Cache, Secret, value, sync);
        await rig.Datastore.DisposeAsync();
        await FailAllAsync(rig.Cache, Secret, value, sync);

        string[] told =
        [
            .. rig.Log.Lines,
            .. rig.Measure().Keys,
            .. spans.Ended.Select(static span => $"{span.DisplayName} {span.StatusDescription} {string.Join(' ', span.TagObjects)} {string.Join(' ', span.Baggage)} {string.Join(' ', span.Events.SelectMany(static e => e.Tags))}"),
        ];
        Assert.Contains(told, static line => line.Contains("CascadeCache.Set done", StringComparison.Ordinal));
        Assert.Contains(told, static line => line.Contains("larger than MaxMemcacheSessionSizeBytes", StringComparison.Ordinal));
        Assert.Contains(told, static line => line.Contains("cannot be used", StringComparison.Ordinal));
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes("t." + Secret))[..8];
        Assert.DoesNotContain(told, line => line.Contains(Secret, StringComparison.OrdinalIgnoreCase) || line.Contains(encoded, StringComparison.Ordinal));
    }

    private static async Task RunAllAsync(CascadeDistributedCache cache, string key, byte[] value, bool sync)
    {
        await GetAsync(cache, key, sync);
        await (sync ? Task.Run(() => cache.Set(key, value, Day), Token) : cache.SetAsync(key, value, Day, Token));
        await GetAsync(cache, key, sync);
        await (sync ? Task.Run(() => cache.Refresh(key), Token) : cache.RefreshAsync(key, Token));
        await (sync ? Task.Run(() => cache.Remove(key), Token) : cache.RemoveAsync(key, Token));
        await GetAsync(cache, key, sync);
    }

    private static async Task FailAllAsync(CascadeDistributedCache cache, string key, byte[] value, bool sync)
    {
        await Assert.ThrowsAnyAsync<CascadeCacheException>(() => GetAsync(cache, key, sync));
        await Assert.ThrowsAnyAsync<CascadeCacheException>(() => sync ? Task.Run(() => cache.Set(key, value, Day), Token) : cache.SetAsync(key, value, Day, Token));
        await Assert.ThrowsAnyAsync<CascadeCacheException>(() => sync ? Task.Run(() => cache.Remove(key), Token) : cache.RemoveAsync(key, Token));
    }

    private static Task<byte[]?> GetAsync(CascadeDistributedCache cache, string key, bool sync) =>
        sync ? Task.Run(() => cache.Get(key), Token) : cache.GetAsync(key, Token);
}
