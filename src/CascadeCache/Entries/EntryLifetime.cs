using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Entries;

/// <summary>
/// When an entry expires: at an absolute time, after a window without access, or whichever comes first. Times are milliseconds since 1970, rounded
/// up, so that nothing expires early.
/// </summary>
/// <param name="AbsoluteAt">The absolute expiration, or <see cref="Never"/>.</param>
/// <param name="Window">The sliding window in milliseconds, or 0 for none.</param>
internal readonly record struct EntryLifetime(long AbsoluteAt, long Window)
{
    public const long Never = long.MaxValue;

    public bool IsSliding => Window > 0;

    /// <summary>
    /// What the caller's options mean at <paramref name="now"/>. A relative absolute expiration wins over an absolute date, as in
    /// the other distributed caches; without any expiration the default window applies.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration is not in the future.</exception>
    public static EntryLifetime FromOptions(DistributedCacheEntryOptions options, DateTimeOffset now, TimeSpan defaultWindow)
    {
        long absolute = Never;
        if (options.AbsoluteExpirationRelativeToNow is { } relative)
        {
            absolute = Later(ToMillisecondsCeiling(now), ToMillisecondsCeiling(relative));
        }
        else if (options.AbsoluteExpiration is { } date)
        {
            if (date <= now)
            {
                throw new ArgumentOutOfRangeException(nameof(options), date, "The absolute expiration must be in the future.");
            }

            absolute = ToMillisecondsCeiling(date);
        }

        // An absolute time beyond every date is still one that was asked for: the default window would end such an entry early.
        bool hasAbsolute = options.AbsoluteExpirationRelativeToNow is not null || options.AbsoluteExpiration is not null;
        TimeSpan? window = options.SlidingExpiration ?? (hasAbsolute ? null : defaultWindow);
        return new EntryLifetime(absolute, window is { } w ? ToMillisecondsCeiling(w) : 0);
    }

    /// <summary>When a copy that is written at <paramref name="now"/> expires: its window plus the tier's slack from now, never after the absolute time.</summary>
    public long CopyExpiry(long now, double slack)
    {
        if (!IsSliding)
        {
            return AbsoluteAt;
        }

        long slackMilliseconds = (long)(Window * slack);
        return Math.Min(AbsoluteAt, Later(Later(now, Window), slackMilliseconds));
    }

    /// <summary>
    /// The time from which a copy needs to be slid: when less than the window remains of it. <see cref="Never"/> when it does not slide or
    /// already lives until the absolute time. An expiry that no clock ever showed is due at once, so that it is repaired.
    /// </summary>
    public long SlideDueAt(long copyExpiry) =>
        !IsSliding || copyExpiry >= AbsoluteAt ? Never
        : copyExpiry > Window ? copyExpiry - Window
        : 0;

    public static long ToMillisecondsCeiling(DateTimeOffset time)
    {
        long milliseconds = time.ToUnixTimeMilliseconds();
        return time.Ticks % TimeSpan.TicksPerMillisecond == 0 ? milliseconds : milliseconds + 1;
    }

    public static long ToMillisecondsCeiling(TimeSpan span) =>
        (span.Ticks / TimeSpan.TicksPerMillisecond) + (span.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0);

    /// <summary>A time that lies so far ahead that it cannot be stored as a date is never.</summary>
    public static DateTimeOffset? ToDate(long milliseconds) =>
        milliseconds > MaxDate ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static readonly long MaxDate = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static long Later(long time, long by) => by > MaxDate - time ? Never : time + by;
}
