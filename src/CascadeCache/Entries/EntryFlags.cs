namespace CascadeCache.Entries;

/// <summary>
/// The 32 bits that the volatile tier keeps beside an item, so that a refresh can be decided without moving the value: bits 0-2 the
/// <see cref="EntryKind"/>, bit 3 whether the entry slides, bits 4-31 the second from which it needs to be slid, rounded down.
/// </summary>
/// <remarks>
/// 28 bits of seconds turn over every 8.5 years and are compared as a distance on that ring. They are a hint: what they say is checked against the
/// entry before anything is written.
/// </remarks>
internal static class EntryFlags
{
    private const uint SlidesBit = 1 << 3;
    private const int DueShift = 4;
    private const uint DueMask = (1u << 28) - 1;
    private const uint HalfRing = 1u << 27;

    public static uint For(in Entry entry)
    {
        long due = entry.SlideDueAt;
        return due == EntryLifetime.Never
            ? (uint)entry.Kind
            : (uint)entry.Kind | SlidesBit | (Ring(due) << DueShift);
    }

    public static uint ForLock => (uint)EntryKind.Lock;

    public static EntryKind KindOf(uint flags) => (EntryKind)(flags & 7);

    public static bool IsSlideDue(uint flags, long now) =>
        (flags & SlidesBit) != 0 && ((Ring(now) - (flags >> DueShift)) & DueMask) < HalfRing;

    private static uint Ring(long milliseconds) => (uint)Math.DivRem(milliseconds, 1000).Quotient & DueMask;
}
