using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.Tests.Flow;

/// <summary>The commands that the tests stop, fail or count.</summary>
internal static class Commands
{
    public static bool Look(VolatileCommand c) => c.Kind == VolatileCommandKind.Read;

    public static bool Take(VolatileCommand c) => c.Stores == EntryKind.Lock;

    /// <summary>A writer's publish or a reader's fill.</summary>
    public static bool Store(VolatileCommand c) => c.Stores is EntryKind.Value or EntryKind.Absent or EntryKind.Bypass;

    public static bool Remove(VolatileCommand c) => c.Kind == VolatileCommandKind.Delete;

    public static bool Any(VolatileCommand c) => true;

    public static bool Read(DurableCommand c) => c.Kind == DurableCommandKind.Read;

    public static bool Commit(DurableCommand c) => c.Kind is DurableCommandKind.Write or DurableCommandKind.Delete;

    public static bool Extend(DurableCommand c) => c.Kind == DurableCommandKind.Extend;

    public static bool Any(DurableCommand c) => true;
}
