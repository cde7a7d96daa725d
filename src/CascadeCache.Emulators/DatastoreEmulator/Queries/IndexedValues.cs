using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>What the built-in indexes hold of a property: its value, or each element of its array; nothing of what is excluded from indexes.</summary>
internal static class IndexedValues
{
    public const string KeyName = "__key__";

    public static IReadOnlyList<Value> Of(StoredEntity stored, string property)
    {
        if (property == KeyName)
        {
            return [new Value { KeyValue = stored.Entity!.Key }];
        }

        // A property whose own name has dots is stored under that name; otherwise the dots lead into entity values.
        Value? value = stored.Entity!.Properties.TryGetValue(property, out var direct) ? direct : PropertyPath.Get(stored.Entity, PropertyPath.Parse(property));
        if (value is null || value.ExcludeFromIndexes)
        {
            return [];
        }

        return value.ValueTypeCase == ValueCase.ArrayValue ? [.. value.ArrayValue.Values.Where(static element => !element.ExcludeFromIndexes)] : [value];
    }
}
