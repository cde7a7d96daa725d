using System.Globalization;
using CascadeCache.Entries;
using CascadeCache.TestKit.Fakes;

namespace CascadeCache.TestKit.Interleavings;

/// <summary>Steps and states in words, for the trace of a schedule.</summary>
internal static class WorldText
{
    public static string Describe(this World world, Step step)
    {
        string what = step.Kind.ToString();
        if (step.Kind != StepKind.Command)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{what} {step.Index}");
        }

        Actor actor = world.Actors[step.Index];
        string who = actor.Plan is { } plan ? string.Create(CultureInfo.InvariantCulture, $"{plan.Kind} {step.Index} of process {plan.Process}") : "background of process " + actor.Process;
        return actor.Waiting switch
        {
            { ToServer: { } command } => $"{who}: {command.Kind} {command.Stores} {(VolatileFate)step.Fate}",
            { ToStore: { } command } => $"{who}: {command.Kind} of the store {(DurableFate)step.Fate}",
            _ => $"{who}: begins {(VolatileFate)step.Fate}",
        };
    }

    public static string Describe(this World world)
    {
        FakeVolatileServer.StoredItem? item = world.Fixture.Stored;
        string stored = item switch
        {
            null => "nothing",
            { Bytes.Length: 0 } => "placeholder",
            _ when EntryFormat.TryRead(item.Bytes, world.Fixture.Key.Fingerprint, out Entry entry) => string.Create(CultureInfo.InvariantCulture, $"{entry.Kind} version {entry.Version}"),
            _ => EntryFlags.KindOf(item.Flags) + " " + Convert.ToHexString(item.Bytes),
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"memcached: {stored}; store: version {world.Fixture.Durable.Peek(world.Fixture.Key).Version}; ended: {string.Join(',', world.Actors.Where(static a => a.HasEnded).Select(static a => a.Index))}");
    }
}
