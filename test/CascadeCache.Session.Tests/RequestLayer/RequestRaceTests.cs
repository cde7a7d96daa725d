using Xunit.Sdk;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>
/// Races inside one request, as scripts: which call asks, takes effect and answers when. Each is also run on the broken variant that it is there to catch.
/// </summary>
public sealed class RequestRaceTests
{
    private static readonly Dictionary<string, (Defect Twin, Func<LayerRig, Task> Script)> Scripts = new()
    {
        ["a read overtaken by a write"] = (Defect.KeepsLateReads, ReadOvertakenByWrite),
        ["a read overtaken by a removal"] = (Defect.KeepsLateReads, ReadOvertakenByRemoval),
        ["a read overtaken by a write that is stored and fails"] = (Defect.KeepsLateReads, ReadOvertakenByFailedWrite),
        ["a read overtaken by a fresh read"] = (Defect.KeepsLateReads, ReadOvertakenByFreshRead),
        ["a fresh read overtaken by a read"] = (Defect.KeepsLateReads, FreshReadOvertakenByRead),
        ["a read overtaken by a conditional write"] = (Defect.KeepsLateReads, ReadOvertakenByConditionalWrite),
        ["a read within a write"] = (Defect.KeepsReadsDuringWrites, ReadWithinWrite),
        ["two writes in parallel"] = (Defect.KeepsTheLastAnswer, TwoWrites),
        ["a write and a removal in parallel"] = (Defect.KeepsTheLastAnswer, WriteAndRemoval),
        ["a write within a write"] = (Defect.KeepsWritesDuringWrites, WriteWithinWrite),
        ["a write that fails"] = (Defect.KeepsFailedWrites, FailedWrite),
        ["a write that is cancelled"] = (Defect.KeepsFailedWrites, CancelledWrite),
        ["a removal that fails"] = (Defect.KeepsFailedWrites, FailedRemoval),
        ["a conditional write that meets another version"] = (Defect.KeepsFailedWrites, Conflict),
        ["a conditional removal that meets another version"] = (Defect.KeepsFailedWrites, RemovalConflict),
    };

    public static TheoryData<string> Names => new(Scripts.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_copy_is_never_older_than_it_may_be(string name)
    {
        var rig = new LayerRig();
        rig.Begin();
        await Scripts[name].Script(rig);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_broken_variant_is_caught(string name)
    {
        var rig = new LayerRig(Scripts[name].Twin);
        rig.Begin();
        await Assert.ThrowsAnyAsync<XunitException>(() => Scripts[name].Script(rig));
    }

    [Fact]
    public void Every_defect_of_a_rule_has_its_script() =>
        Assert.Equal(Enum.GetValues<Defect>().Except([Defect.None, Defect.SharesArrays]), Scripts.Values.Select(static script => script.Twin).Distinct().Order());

    private static async Task ReadOvertakenByWrite(LayerRig rig)
    {
        (Task<string?> read, CountingCache.Hold hold) = await StartReadAsync(rig, "old");
        await rig.WriteAsync("new");
        hold.Answer();

        Assert.Equal("new", await read);
        await AssertFreeAsync(rig, "new");
    }

    private static async Task ReadOvertakenByRemoval(LayerRig rig)
    {
        (Task<string?> read, CountingCache.Hold hold) = await StartReadAsync(rig, "old");
        await rig.Layer.RemoveAsync("k", LayerRig.Token);
        hold.Answer();

        Assert.Null(await read);
        await AssertFreeAsync(rig, null);
    }

    private static async Task ReadOvertakenByFailedWrite(LayerRig rig)
    {
        (Task<string?> read, CountingCache.Hold hold) = await StartReadAsync(rig, "old");
        CountingCache.Hold write = rig.Below.HoldNext("SetAsync");
        Task writing = rig.WriteAsync("new");
        await write.TakeEffectAsync();
        write.FailAnswer(new CascadeOutcomeUnknownException("No answer."));
        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(() => writing);
        hold.Answer();

        Assert.Equal("old", await read);
        Assert.Equal("new", await rig.ReadAsync());
    }

    private static async Task ReadOvertakenByFreshRead(LayerRig rig)
    {
        (Task<string?> read, CountingCache.Hold hold) = await StartReadAsync(rig, "old");
        rig.StoreElsewhere("new");
        Assert.Equal("new", LayerRig.Text((await rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Value));
        hold.Answer();

        Assert.Equal("new", await read);
        await AssertFreeAsync(rig, "new");
    }

    private static async Task FreshReadOvertakenByRead(LayerRig rig)
    {
        rig.StoreElsewhere("old");
        CountingCache.Hold hold = rig.Below.HoldNext("GetVersionedAsync");
        ValueTask<VersionedValue> fresh = rig.Layer.GetVersionedAsync("k", LayerRig.Token);
        await hold.TakeEffectAsync();
        rig.StoreElsewhere("new");
        Assert.Equal("new", await rig.ReadAsync());
        hold.Answer();

        Assert.Equal("old", LayerRig.Text((await fresh).Value));
        Assert.Equal("new", await rig.ReadAsync());
    }

    private static async Task ReadOvertakenByConditionalWrite(LayerRig rig)
    {
        (Task<string?> read, CountingCache.Hold hold) = await StartReadAsync(rig, "old");
        CacheVersion version = (await rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Version;
        Assert.NotNull(await rig.Layer.TrySetAsync("k", LayerRig.Bytes("new"), version, LayerRig.Options, LayerRig.Token));
        hold.Answer();

        Assert.Equal("new", await read);
        await AssertFreeAsync(rig, "new");
    }

    private static async Task ReadWithinWrite(LayerRig rig)
    {
        rig.StoreElsewhere("old");
        CountingCache.Hold write = rig.Below.HoldNext("SetAsync");
        Task writing = rig.WriteAsync("new");
        Assert.Equal("old", await rig.ReadAsync());
        await write.TakeEffectAsync();

        Assert.Equal("new", await rig.ReadAsync());
        write.Answer();
        await writing;
        await AssertFreeAsync(rig, "new");
    }

    private static async Task TwoWrites(LayerRig rig)
    {
        (CountingCache.Hold a, CountingCache.Hold b) = (rig.Below.HoldNext("SetAsync"), rig.Below.HoldNext("SetAsync"));
        (Task first, Task second) = (rig.WriteAsync("a"), rig.WriteAsync("b"));
        await b.TakeEffectAsync();
        await a.TakeEffectAsync();
        a.Answer();
        await first;
        b.Answer();
        await second;

        Assert.Equal("a", await rig.ReadAsync());
        await AssertFreeAsync(rig, "a");
    }

    private static async Task WriteAndRemoval(LayerRig rig)
    {
        (CountingCache.Hold write, CountingCache.Hold removal) = (rig.Below.HoldNext("SetAsync"), rig.Below.HoldNext("RemoveAsync"));
        (Task writing, Task removing) = (rig.WriteAsync("a"), rig.Layer.RemoveAsync("k", LayerRig.Token));
        await removal.TakeEffectAsync();
        await write.TakeEffectAsync();
        write.Answer();
        await writing;
        removal.Answer();
        await removing;

        Assert.Equal("a", await rig.ReadAsync());
    }

    private static async Task WriteWithinWrite(LayerRig rig)
    {
        (CountingCache.Hold a, CountingCache.Hold b) = (rig.Below.HoldNext("SetAsync"), rig.Below.HoldNext("SetAsync"));
        (Task first, Task second) = (rig.WriteAsync("a"), rig.WriteAsync("b"));
        await b.TakeEffectAsync();
        await a.TakeEffectAsync();
        b.Answer();
        await second;

        Assert.Equal("a", await rig.ReadAsync());
        a.Answer();
        await first;
        Assert.Equal("a", await rig.ReadAsync());
    }

    private static async Task FailedWrite(LayerRig rig)
    {
        rig.StoreElsewhere("old");
        CountingCache.Hold hold = rig.Below.HoldNext("SetAsync");
        hold.FailBefore(new CascadeUnavailableException("Down."));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => rig.WriteAsync("new"));

        Assert.Equal("old", await rig.ReadAsync());
    }

    private static async Task CancelledWrite(LayerRig rig)
    {
        rig.StoreElsewhere("old");
        Assert.Equal("old", await rig.ReadAsync());
        rig.StoreElsewhere("newer");
        rig.Below.HoldNext("SetAsync");
        using var source = new CancellationTokenSource();
        Task writing = rig.Layer.SetAsync("k", LayerRig.Bytes("new"), LayerRig.Options, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);

        Assert.Equal("newer", await rig.ReadAsync());
    }

    private static async Task FailedRemoval(LayerRig rig)
    {
        rig.StoreElsewhere("old");
        rig.Below.HoldNext("RemoveAsync").FailBefore(new CascadeUnavailableException("Down."));
        await Assert.ThrowsAsync<CascadeUnavailableException>(() => rig.Layer.RemoveAsync("k", LayerRig.Token));

        Assert.Equal("old", await rig.ReadAsync());
    }

    private static async Task Conflict(LayerRig rig)
    {
        CacheVersion version = await ReadVersionThenLoseAsync(rig);
        Assert.Null(await rig.Layer.TrySetAsync("k", LayerRig.Bytes("mine"), version, LayerRig.Options, LayerRig.Token));

        Assert.Equal("theirs", await rig.ReadAsync());
        Assert.Null(rig.Layer.TrySet("k", LayerRig.Bytes("mine"), version, LayerRig.Options));
        Assert.Equal("theirs", await rig.ReadAsync());
    }

    private static async Task RemovalConflict(LayerRig rig)
    {
        CacheVersion version = await ReadVersionThenLoseAsync(rig);
        Assert.False(await rig.Layer.TryRemoveAsync("k", version, LayerRig.Token));

        Assert.Equal("theirs", await rig.ReadAsync());
        Assert.False(rig.Layer.TryRemove("k", version));
        Assert.Equal("theirs", await rig.ReadAsync());
    }

    private static async Task<CacheVersion> ReadVersionThenLoseAsync(LayerRig rig)
    {
        rig.StoreElsewhere("base");
        CacheVersion version = (await rig.Layer.GetVersionedAsync("k", LayerRig.Token)).Version;
        rig.StoreElsewhere("theirs");
        return version;
    }

    // The read has its answer from the cache, and it is on the way.
    private static async Task<(Task<string?> Read, CountingCache.Hold Hold)> StartReadAsync(LayerRig rig, string stored)
    {
        rig.StoreElsewhere(stored);
        CountingCache.Hold hold = rig.Below.HoldNext("GetAsync");
        Task<string?> read = rig.ReadAsync();
        await hold.TakeEffectAsync();
        return (read, hold);
    }

    private static async Task AssertFreeAsync(LayerRig rig, string? expected)
    {
        rig.Below.TakeCalls();
        Assert.Equal(expected, await rig.ReadAsync());
        Assert.Equal("", rig.Below.TakeCalls());
    }
}
