using CascadeCache.Datastore.Protocol;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.Tests.Datastore;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Value = CascadeCache.Datastore.Protocol.Value;

namespace CascadeCache.Tests.Fuzz;

/// <summary>Answers that Datastore does not give, but that a proxy, a stranger on its port or a broken emulator could.</summary>
public sealed class HostileDatastoreTests
{
    private const long LatestSecond = 253_402_300_799;

    [Fact]
    public async Task A_key_that_is_deferred_for_ever_ends_and_is_not_paid_for_for_ever()
    {
        using var rig = new TierRig(static o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        Key key = TierRig.Codec().KeyOf(TierRig.Key);
        rig.Script.Otherwise = (_, _) => Task.FromResult(ScriptedDatastore.Ok(new LookupResponse { Deferred = { key } }));

        CascadeUnavailableException error = await Assert.ThrowsAsync<CascadeUnavailableException>(
            async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));

        Assert.Contains("deferred", error.Message, StringComparison.Ordinal);
        Assert.Equal(16, rig.Counters.Get(Counter.DatastoreReadsForGet));
    }

    public static TheoryData<string> Contradictions => ["nothing", "found twice", "found and missing", "found and deferred", "without a key", "without an entity", "under a parent"];

    [Theory]
    [MemberData(nameof(Contradictions))]
    public async Task An_answer_that_says_not_exactly_one_thing_about_the_key_is_no_answer(string which)
    {
        using var rig = new TierRig(static o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        Entity entity = TierRig.Codec().Encode(TierRig.Key, TierRig.Value(1));
        LookupResponse answer = which == "nothing" ? new LookupResponse() : TierRig.Found(entity);
        switch (which)
        {
            case "found twice":
                answer.Found.Add(new EntityResult { Entity = entity, Version = 6 });
                break;
            case "found and missing":
                answer.Missing.Add(TierRig.Missing(TierRig.Key).Missing);
                break;
            case "found and deferred":
                answer.Deferred.Add(entity.Key);
                break;
            case "without a key":
                answer.Found[0].Entity.Key = null;
                break;
            case "without an entity":
                answer.Found[0].Entity = null;
                break;
            case "under a parent":
                answer.Found[0].Entity.Key.Path.Insert(0, new Key.Types.PathElement { Kind = "Parent", Name = "p" });
                break;
        }

        rig.Script.Then(answer);

        await Assert.ThrowsAsync<CascadeUnavailableException>(async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));
    }

    [Fact]
    public async Task A_conflict_of_a_write_that_has_no_condition_is_not_taken_for_success()
    {
        using var rig = new TierRig();
        rig.Script.Then(TierRig.Committed(conflict: true));

        await Assert.ThrowsAsync<CascadeOutcomeUnknownException>(
            async () => await rig.Tier.WriteAsync(TierRig.Key, TierRig.Value(1), WriteCondition.Always, DurableCause.Set, TierRig.Call()));
    }

    public static TheoryData<byte[]> UnreadableDelays =>
    [
        new RetryInfo { RetryDelay = new Duration { Seconds = long.MaxValue } }.ToByteArray(),
        new RetryInfo { RetryDelay = new Duration { Seconds = 3, Nanos = -5 } }.ToByteArray(),
        new byte[] { 0xFF, 0xFF },
    ];

    [Theory]
    [MemberData(nameof(UnreadableDelays))]
    public async Task A_delay_that_cannot_be_read_is_none(byte[] detail)
    {
        using var rig = new TierRig(static o => o.Resilience.Datastore.MaxRetryAttempts = 0);
        var status = new Google.Rpc.Status
        {
            Code = (int)StatusCode.Unavailable,
            Details = { new Any { TypeUrl = "type.googleapis.com/google.rpc.RetryInfo", Value = ByteString.CopyFrom(detail) } },
        };
        HttpResponseMessage answer = ScriptedDatastore.Failure(StatusCode.Unavailable, "busy");
        answer.TrailingHeaders.Add("grpc-status-details-bin", Convert.ToBase64String(status.ToByteArray()));
        rig.Script.Then((_, _) => Task.FromResult(answer));

        CascadeUnavailableException error = await Assert.ThrowsAsync<CascadeUnavailableException>(
            async () => await rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call()));

        Assert.Contains("UNAVAILABLE", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LatestSecond + 1, 0)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(long.MaxValue / 1000, 999_999_999)]
    [InlineData(0, -1)]
    [InlineData(0, 1_000_000_000)]
    public void A_time_that_no_calendar_has_is_refused(long seconds, int nanos)
    {
        Entity entity = TierRig.Codec().Encode(TierRig.Key, TierRig.Value(1));
        entity.Properties["ExpiresAt"] = new Value { TimestampValue = new Timestamp { Seconds = seconds, Nanos = nanos } };

        CascadeRejectedException error = Assert.Throws<CascadeRejectedException>(() => TierRig.Codec().Decode(entity, TierRig.Key));

        Assert.Contains("1 to 9999", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_time_of_the_calendar_is_read()
    {
        Entity entity = TierRig.Codec().Encode(TierRig.Key, TierRig.Value(1));
        entity.Properties["ExpiresAt"] = new Value { TimestampValue = new Timestamp { Seconds = LatestSecond } };

        Assert.Equal(LatestSecond * 1000, TierRig.Codec().Decode(entity, TierRig.Key)!.Value.ExpiresAt);
    }
}
