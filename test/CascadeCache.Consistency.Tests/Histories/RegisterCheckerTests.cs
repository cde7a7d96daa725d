using CascadeCache.TestKit.Histories;

namespace CascadeCache.Consistency.Tests.Histories;

/// <summary>The checker says yes to what a register can do and no to what it cannot; a search over all orders is the second opinion.</summary>
public sealed class RegisterCheckerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("r0:0-1")]
    [InlineData("w1:0-1 r1:2-3")]
    [InlineData("w1:0-9 r0:1-2 r1:3-4")] // a write takes effect somewhere between call and return
    [InlineData("w1:0-9 w2:0-9 r2:10-11")] // either order of two writes that overlap
    [InlineData("w1:0-9 w2:0-9 r1:10-11")]
    [InlineData("w1:0-9 w2:0-9 r1:1-2 r2:3-4")]
    [InlineData("u1:0-1 r0:2-3 r1:4-5 r1:6-7")] // an unknown write may land late
    [InlineData("u1:0-1 r0:2-3 r0:4-5")] // or never
    [InlineData("f1:0-1 r0:2-3")]
    [InlineData("w1:0-1 w0:2-3 r0:4-5 w2:6-7 r2:8-9 w0:10-11 r0:12-13")] // absence comes back
    [InlineData("w1:0-1 u0:2-3 r1:4-5 r0:6-7 r0:8-9")] // so does an unknown removal
    [InlineData("w1:0-1 u0:2-3 w2:4-5 r0:6-7")]
    [InlineData("w1:0-5 r1:5-6")] // touching is overlapping
    [InlineData("w1:0-10 w2:0-10 w3:0-10 r3:1-2 r1:3-4 r2:5-6")]
    [InlineData("w1/0:0-1 w2/1:2-3 r2:4-5")] // conditional writes, one over the other
    [InlineData("w1:0-9 w2/1:0-9 r1:2-3 r2:4-5")]
    [InlineData("w1:0-1 w2:2-9 w3/1:2-9 r2:10-11")] // the plain one came last
    [InlineData("w1:0-1 u2/1:2-3 w3/1:4-5 r3:6-7")] // the unknown one was not made
    [InlineData("w1/0:0-1 w0:2-3 w2/0:4-5")] // absence comes back
    public void What_a_register_can_do_is_accepted(string history) =>
        Assert.Equal(RegisterJudgement.Linearizable, RegisterChecker.Check(HistoryText.Parse(history)).Judgement);

    [Theory]
    [InlineData("w1:0-1 r0:2-3")] // lost
    [InlineData("w1:0-1 w2:2-3 r1:4-5")] // stale after an acknowledgement
    [InlineData("w1:0-1 w2:2-20 r2:4-5 r1:6-7")] // back again before one: the second reader sees less than the first
    [InlineData("w1:0-9 w2:0-9 r1:10-11 r2:12-13")]
    [InlineData("w1:0-9 w2:0-9 r1:1-2 r2:3-4 r1:5-6")]
    [InlineData("r7:0-1")] // never written
    [InlineData("f1:0-1 r1:2-3")] // reported as not made
    [InlineData("r1:0-1 w1:2-3")] // from the future
    [InlineData("w1:0-1 w0:2-3 r1:4-5")] // removed
    [InlineData("w1:0-1 w0:2-3 w2:4-5 r0:6-7")] // one removal explains no second absence
    [InlineData("w1:0-1 u2:2-3 r2:4-5 r1:6-7")] // what was read has happened, whatever the writer knows
    [InlineData("w1:0-1 u0:2-3 r0:4-5 r1:6-7")]
    [InlineData("w1:0-1 w2/1:2-9 w3/1:2-9")] // two over the same value
    [InlineData("w1/0:0-9 w2/0:0-9")]
    [InlineData("w1:0-1 w2:2-3 w3/1:4-5")] // over a value that had been replaced
    [InlineData("w1:0-1 u2/1:2-9 w3/1:2-9 r2:10-11")] // the unknown one was made: somebody read it
    [InlineData("w1:0-1 w2:2-9 w3/1:2-9 r2:4-5 r3:6-7")] // a lost update
    public void What_it_cannot_do_is_refused(string history)
    {
        RegisterVerdict verdict = RegisterChecker.Check(HistoryText.Parse(history));

        Assert.Equal(RegisterJudgement.Violation, verdict.Judgement);
        Assert.NotNull(verdict.At);
    }

    [Fact]
    public void An_unknown_removal_takes_effect_within_its_limit_or_never()
    {
        RegisterOperation[] history = HistoryText.Parse("w1:0-1 u0:2-3 r1:50-51 r0:60-61");

        Assert.Equal(RegisterJudgement.Linearizable, RegisterChecker.Check(history, effectLimit: 58).Judgement);
        Assert.Equal(RegisterJudgement.Violation, RegisterChecker.Check(history, effectLimit: 20).Judgement);
    }

    [Fact]
    public void A_value_that_is_written_twice_is_an_error_of_the_history() =>
        Assert.Throws<ArgumentException>(() => RegisterChecker.Check(HistoryText.Parse("w1:0-1 w1:2-3")));

    [Fact]
    public void Too_much_at_once_is_inconclusive()
    {
        RegisterOperation[] crowd = [.. Enumerable.Range(1, 200).Select(static i => new RegisterOperation(RegisterAction.Write, i, 0, 10, RegisterOutcome.Done, i))];

        Assert.Equal(RegisterJudgement.Inconclusive, RegisterChecker.Check(crowd).Judgement);
    }

    [Fact]
    public void A_long_history_takes_time_in_proportion()
    {
        var history = new List<RegisterOperation>();
        for (long i = 1; i <= 50_000; i++)
        {
            history.Add(new RegisterOperation(RegisterAction.Write, i, i * 10, (i * 10) + 25, RegisterOutcome.Done, 1));
            history.Add(new RegisterOperation(RegisterAction.Read, i, (i * 10) + 1, (i * 10) + 12, RegisterOutcome.Done, 2));
        }

        Assert.Equal(RegisterJudgement.Linearizable, RegisterChecker.Check(history).Judgement);
    }

    [Fact]
    public void It_agrees_with_a_search_over_all_orders()
    {
        int accepted = 0;
        int refused = 0;
        var random = new Random(20261125);
        for (int i = 0; i < 20_000; i++)
        {
            RegisterOperation[] history = RandomHistory(random);
            bool expected = AllOrders.Explain(history);
            RegisterVerdict verdict = RegisterChecker.Check(history);

            Assert.True(expected == (verdict.Judgement == RegisterJudgement.Linearizable), $"expected {expected}, got {verdict}: {string.Join("; ", (object[])history)}");
            _ = expected ? accepted++ : refused++;
        }

        Assert.True(accepted > 1_000 && refused > 1_000, $"{accepted} accepted, {refused} refused: one side was hardly tested");
    }

    private static RegisterOperation[] RandomHistory(Random random)
    {
        int writes = random.Next(1, 5);
        var history = new List<RegisterOperation>();
        for (int i = 1; i <= writes; i++)
        {
            long start = random.Next(0, 20);
            RegisterOutcome outcome = random.Next(4) == 0 ? RegisterOutcome.Unknown : RegisterOutcome.Done;
            bool isRemoval = random.Next(3) == 0;

            // A removal has no condition: the checker asks less of an unknown one than the definition does.
            long? expected = !isRemoval && random.Next(2) == 0 ? random.Next(0, writes + 1) : null;
            history.Add(new RegisterOperation(RegisterAction.Write, isRemoval ? 0 : i, start, start + random.Next(1, 10), outcome, 1) { Expected = expected == i ? null : expected });
        }

        long[] values = [0, .. history.Select(static o => o.Value)];
        for (int reads = random.Next(1, 5); reads > 0; reads--)
        {
            long start = random.Next(0, 30);
            history.Add(new RegisterOperation(RegisterAction.Read, values[random.Next(values.Length)], start, start + random.Next(1, 6), RegisterOutcome.Done, 2));
        }

        return [.. history];
    }
}
