using System.Diagnostics;

namespace CascadeCache.Diagnostics;

/// <summary>The spans of the public operations. Nothing is created while nobody listens.</summary>
internal static class CascadeActivities
{
    public const string SourceName = "CascadeCache";

    /// <summary>Which tier answered: one of <see cref="TierNames"/>.</summary>
    public const string TierTag = "cascadecache.tier";

    /// <summary>Whether there was a value.</summary>
    public const string HitTag = "cascadecache.hit";

    private static readonly ActivitySource Source = new(SourceName);

    public static bool AreHeard => Source.HasListeners();

    public static Activity? Start(string operation) =>
        AreHeard ? Source.StartActivity(operation, ActivityKind.Client) : null;

    public static void Answer(Activity? activity, bool isHit, string tier)
    {
        activity?.SetTag(HitTag, isHit);
        activity?.SetTag(TierTag, tier);
    }

    public static void Fail(Activity? activity, Exception exception)
    {
        activity?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
    }
}
