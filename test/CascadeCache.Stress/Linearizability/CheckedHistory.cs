using CascadeCache.TestKit.Histories;

namespace CascadeCache.Stress.Linearizability;

/// <summary>Something wrong with one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="At">The operation that cannot be explained.</param>
/// <param name="Reason">Why.</param>
internal sealed record Finding(string Key, RegisterOperation At, string Reason);

/// <summary>A recorded history and what the checkers say of it.</summary>
internal sealed record CheckedHistory(RecordedHistory History, IReadOnlyList<Finding> Violations, IReadOnlyList<Finding> Inconclusive, IReadOnlyList<StaleRead> StaleWithinBound)
{
    /// <summary>Strict: every key has to be a register. Available: see <see cref="StalenessChecker"/>.</summary>
    public static CheckedHistory Of(RecordedHistory history, CascadeConsistency consistency)
    {
        var violations = new List<Finding>();
        var inconclusive = new List<Finding>();
        var stale = new List<StaleRead>();
        foreach ((string key, List<RegisterOperation> operations) in history.ByKey)
        {
            if (consistency == CascadeConsistency.Strict)
            {
                RegisterVerdict verdict = RegisterChecker.Check(operations, Ticks(Scale.EffectLimit));
                List<Finding>? findings = verdict.Judgement switch
                {
                    RegisterJudgement.Violation => violations,
                    RegisterJudgement.Inconclusive => inconclusive,
                    _ => null,
                };
                findings?.Add(new Finding(key, verdict.At!, verdict.Reason));
                continue;
            }

            if (Replacements.SecondOfOneValue(operations) is { } second)
            {
                violations.Add(new Finding(key, second, "replaced a value that had been replaced already"));
            }

            foreach (StaleRead read in StalenessChecker.Check(operations, Ticks(Scale.StalenessBound)))
            {
                if (read.Reason is null)
                {
                    stale.Add(read);
                }
                else
                {
                    violations.Add(new Finding(key, read.Read, read.Reason));
                }
            }
        }

        return new CheckedHistory(history, violations, inconclusive, stale);
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * TimeProvider.System.TimestampFrequency);
}
