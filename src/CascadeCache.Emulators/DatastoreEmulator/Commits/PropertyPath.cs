using System.Text;
using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>A property named from outside: dots lead into entity values; a backslash takes a dot or a backslash literally.</summary>
internal static class PropertyPath
{
    public static string[] Parse(string path)
    {
        var segments = new List<string>();
        var segment = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '.')
            {
                segments.Add(segment.ToString());
                segment.Clear();
                continue;
            }

            if (path[i] == '\\' && ++i == path.Length)
            {
                throw DatastoreError.Invalid($"The property path \"{path}\" ends in a backslash.");
            }

            segment.Append(path[i]);
        }

        segments.Add(segment.ToString());
        return segments.Contains("") ? throw DatastoreError.Invalid($"The property path \"{path}\" has an empty part.") : [.. segments];
    }

    public static Value? Get(Entity entity, ReadOnlySpan<string> path)
    {
        for (; entity.Properties.TryGetValue(path[0], out var value); entity = value.EntityValue, path = path[1..])
        {
            if (path.Length == 1)
            {
                return value;
            }

            if (value.ValueTypeCase != ValueCase.EntityValue)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Sets a value, making the entity values on the way to it.</summary>
    public static void Set(Entity entity, ReadOnlySpan<string> path, Value value)
    {
        for (; path.Length > 1; path = path[1..])
        {
            if (!entity.Properties.TryGetValue(path[0], out var inner) || inner.ValueTypeCase != ValueCase.EntityValue)
            {
                entity.Properties[path[0]] = inner = new Value { EntityValue = new Entity() };
            }

            entity = inner.EntityValue;
        }

        entity.Properties[path[0]] = value;
    }

    public static void Remove(Entity entity, ReadOnlySpan<string> path)
    {
        for (; path.Length > 1; path = path[1..])
        {
            if (!entity.Properties.TryGetValue(path[0], out var inner) || inner.ValueTypeCase != ValueCase.EntityValue)
            {
                return;
            }

            entity = inner.EntityValue;
        }

        entity.Properties.Remove(path[0]);
    }
}
