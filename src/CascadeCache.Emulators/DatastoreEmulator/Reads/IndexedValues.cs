using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// What the built-in indexes hold of an entity: for a property its values that are not excluded, one per element of an array, and
/// under dotted names those inside entity values. A property without any is not in the index at all.
/// </summary>
internal static class IndexedValues
{
    public const string KeyProperty = "__key__";

    public static IReadOnlyList<Value> Of(Entity entity, string property)
    {
        if (property == KeyProperty)
        {
            return [new Value { KeyValue = entity.Key }];
        }

        var values = new List<Value>();
        Collect(entity, property, values);
        return values;
    }

    private static void Collect(Entity entity, string property, List<Value> values)
    {
        if (entity.Properties.TryGetValue(property, out var value))
        {
            Add(value, values);
        }

        // A name may itself contain dots, so every split is tried.
        for (var dot = property.IndexOf('.'); dot > 0; dot = property.IndexOf('.', dot + 1))
        {
            if (entity.Properties.TryGetValue(property[..dot], out var outer))
            {
                foreach (var inner in Entities(outer))
                {
                    Collect(inner, property[(dot + 1)..], values);
                }
            }
        }
    }

    private static IEnumerable<Entity> Entities(Value value) => value.ValueTypeCase switch
    {
        _ when value.ExcludeFromIndexes => [],
        ValueCase.EntityValue => [value.EntityValue],
        ValueCase.ArrayValue => value.ArrayValue.Values.SelectMany(Entities),
        _ => [],
    };

    private static void Add(Value value, List<Value> values)
    {
        if (value.ExcludeFromIndexes || value.ValueTypeCase == ValueCase.EntityValue)
        {
            return;
        }

        if (value.ValueTypeCase != ValueCase.ArrayValue)
        {
            values.Add(value);
            return;
        }

        foreach (var element in value.ArrayValue.Values)
        {
            Add(element, values);
        }
    }
}
