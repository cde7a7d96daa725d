using CascadeCache.TestKit.Histories;

namespace CascadeCache.Consistency.Tests.Histories;

/// <summary>The plain definition of a register, tried in every order: slow, and too simple to be wrong.</summary>
internal static class AllOrders
{
    public static bool Explain(RegisterOperation[] history) => Explain(history, 0, RegisterOperation.Absent);

    private static bool Explain(RegisterOperation[] history, int made, long value)
    {
        bool isComplete = true;
        for (int i = 0; i < history.Length; i++)
        {
            isComplete &= (made & (1 << i)) != 0 || !history[i].IsDone;
        }

        if (isComplete)
        {
            return true;
        }

        for (int i = 0; i < history.Length; i++)
        {
            RegisterOperation next = history[i];
            if ((made & (1 << i)) != 0 || IsTooEarly(history, made, next) || (next.IsRead && next.Value != value) || (next.Expected is { } expected && expected != value))
            {
                continue;
            }

            if (Explain(history, made | (1 << i), next.IsRead ? value : next.Value))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsTooEarly(RegisterOperation[] history, int made, RegisterOperation next)
    {
        for (int i = 0; i < history.Length; i++)
        {
            if ((made & (1 << i)) == 0 && history[i].IsDone && history[i].End < next.Start)
            {
                return true;
            }
        }

        return false;
    }
}
