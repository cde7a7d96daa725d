using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Property masks: which part of an entity is written or returned.</summary>
internal static class PropertyMasks
{
    /// <summary>The stored entity with the masked properties taken from the new one, or removed where the new one lacks them.</summary>
    public static Entity Merge(Entity? stored, Entity written, PropertyMask mask)
    {
        var merged = stored?.Clone() ?? new Entity { Key = written.Key };
        foreach (var path in Parse(mask))
        {
            CheckNoArray(written, path);
            if (PropertyPath.Get(written, path) is { } value)
            {
                PropertyPath.Set(merged, path, value);
            }
            else
            {
                PropertyPath.Remove(merged, path);
            }
        }

        return merged;
    }

    /// <summary>What a read returns: the key and the masked properties. Without a mask, the entity itself.</summary>
    public static Entity Select(Entity stored, IReadOnlyList<string[]>? mask)
    {
        if (mask is null)
        {
            return stored;
        }

        var selected = new Entity { Key = stored.Key };
        foreach (var path in mask)
        {
            if (PropertyPath.Get(stored, path) is { } value)
            {
                PropertyPath.Set(selected, path, value.Clone());
            }
        }

        return selected;
    }

    /// <summary>The paths of a mask, <c>__key__</c> left out: the key always takes part.</summary>
    public static IReadOnlyList<string[]> Parse(PropertyMask mask)
    {
        var paths = new List<string[]>();
        foreach (var path in mask.Paths.Where(path => path != "__key__"))
        {
            var segments = PropertyPath.Parse(path);
            EntityRules.CheckPropertyName(segments[0], topLevel: true);
            paths.Add(segments);
        }

        return paths;
    }

    private static void CheckNoArray(Entity written, string[] path)
    {
        for (var length = 1; length < path.Length; length++)
        {
            if (PropertyPath.Get(written, path.AsSpan(0, length))?.ValueTypeCase == ValueCase.ArrayValue)
            {
                throw DatastoreError.Invalid($"The property mask path \"{string.Join('.', path)}\" points into an array.");
            }
        }
    }
}
