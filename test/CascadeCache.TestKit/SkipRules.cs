using Xunit;

namespace CascadeCache.TestKit;

/// <summary>What a test does when something that it needs is not there: it skips visibly, or fails where skips are forbidden.</summary>
internal static class SkipRules
{
    /// <summary>Set to 1 where everything has to be there.</summary>
    public const string ForbidVariable = "CASCADECACHE_FORBID_SKIPS";

    public static void RequireOrSkip(bool available, string what) =>
        RequireOrSkip(available, what, Environment.GetEnvironmentVariable(ForbidVariable) == "1");

    public static void RequireOrSkip(bool available, string what, bool forbidSkips)
    {
        if (available)
        {
            return;
        }

        if (forbidSkips)
        {
            Assert.Fail($"{what} is missing, and {ForbidVariable}=1 forbids to skip.");
        }

        Assert.Skip($"{what} is missing.");
    }
}
