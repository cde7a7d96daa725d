using System.Globalization;

namespace CascadeCache.Session.Tests.Figures;

/// <summary>What something cost: memcached round trips and billable Datastore operations.</summary>
internal readonly record struct Cost(long RoundTrips, long Reads, long Writes, long Deletes)
{
    public static Cost operator -(Cost later, Cost earlier) =>
        new(later.RoundTrips - earlier.RoundTrips, later.Reads - earlier.Reads, later.Writes - earlier.Writes, later.Deletes - earlier.Deletes);

    /// <summary>As the README writes it: "3, 1 read".</summary>
    public override string ToString()
    {
        string text = Number(RoundTrips);
        foreach ((long count, string name) in new[] { (Reads, "read"), (Writes, "write"), (Deletes, "delete") })
        {
            if (count > 0)
            {
                text += $", {Number(count)} {name}{(count == 1 ? "" : "s")}";
            }
        }

        return text;
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
