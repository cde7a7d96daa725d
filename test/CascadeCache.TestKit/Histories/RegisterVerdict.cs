namespace CascadeCache.TestKit.Histories;

public enum RegisterJudgement
{
    Linearizable,

    Violation,

    /// <summary>The search had to be given up: nothing is known, which is no success.</summary>
    Inconclusive,
}

/// <summary>What a checker says of the history of one key.</summary>
/// <param name="Judgement">The verdict.</param>
/// <param name="At">The first operation that no order explains.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record RegisterVerdict(RegisterJudgement Judgement, RegisterOperation? At = null, string Reason = "")
{
    public static RegisterVerdict Linearizable { get; } = new(RegisterJudgement.Linearizable);

    public static RegisterVerdict Violation(RegisterOperation at, string reason) => new(RegisterJudgement.Violation, at, reason);
}
