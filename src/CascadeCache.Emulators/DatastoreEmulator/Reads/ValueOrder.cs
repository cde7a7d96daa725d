using System.Text;
using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>The order of property values: by type first, integers and doubles as one type, then by value.</summary>
internal static class ValueOrder
{
    public static int Compare(Value left, Value right)
    {
        var byType = Rank(left.ValueTypeCase).CompareTo(Rank(right.ValueTypeCase));
        if (byType != 0)
        {
            return byType;
        }

        return left.ValueTypeCase switch
        {
            ValueCase.IntegerValue or ValueCase.DoubleValue => Numbers(left, right),
            ValueCase.TimestampValue => Timestamps.ToMicros(left.TimestampValue).CompareTo(Timestamps.ToMicros(right.TimestampValue)),
            ValueCase.BooleanValue => left.BooleanValue.CompareTo(right.BooleanValue),
            ValueCase.StringValue => Texts(left.StringValue, right.StringValue),
            ValueCase.BlobValue => left.BlobValue.Span.SequenceCompareTo(right.BlobValue.Span),
            ValueCase.GeoPointValue => (left.GeoPointValue.Latitude, left.GeoPointValue.Longitude)
                .CompareTo((right.GeoPointValue.Latitude, right.GeoPointValue.Longitude)),
            ValueCase.KeyValue => Keys(left.KeyValue, right.KeyValue),
            ValueCase.ArrayValue => Lists(left.ArrayValue.Values, right.ArrayValue.Values),
            ValueCase.EntityValue => Entities(left.EntityValue, right.EntityValue),
            _ => 0,
        };
    }

    public static int Keys(Key left, Key right)
    {
        var bySpace = string.CompareOrdinal(left.PartitionId?.NamespaceId ?? "", right.PartitionId?.NamespaceId ?? "");
        return bySpace != 0 ? bySpace : EntityKey.Encode(left.Path).AsSpan().SequenceCompareTo(EntityKey.Encode(right.Path));
    }

    private static int Rank(ValueCase type) => type switch
    {
        ValueCase.NullValue => 1,
        ValueCase.IntegerValue or ValueCase.DoubleValue => 2,
        ValueCase.TimestampValue => 3,
        ValueCase.BooleanValue => 4,
        ValueCase.StringValue => 5,
        ValueCase.BlobValue => 6,
        ValueCase.GeoPointValue => 7,
        ValueCase.KeyValue => 8,
        ValueCase.ArrayValue => 9,
        ValueCase.EntityValue => 10,
        _ => 0,
    };

    private static int Numbers(Value left, Value right) => (left.ValueTypeCase, right.ValueTypeCase) switch
    {
        (ValueCase.IntegerValue, ValueCase.IntegerValue) => left.IntegerValue.CompareTo(right.IntegerValue),
        (ValueCase.DoubleValue, ValueCase.DoubleValue) => left.DoubleValue.CompareTo(right.DoubleValue),
        (ValueCase.IntegerValue, _) => Mixed(left.IntegerValue, right.DoubleValue),
        _ => -Mixed(right.IntegerValue, left.DoubleValue),
    };

    /// <summary>Exact where a conversion of the integer to double would round.</summary>
    private static int Mixed(long integer, double real)
    {
        if (double.IsNaN(real) || real < -9_223_372_036_854_775_808.0)
        {
            return 1;
        }

        if (real >= 9_223_372_036_854_775_808.0)
        {
            return -1;
        }

        var whole = Math.Floor(real);
        var byWhole = integer.CompareTo((long)whole);
        return byWhole != 0 || whole == real ? byWhole : -1;
    }

    /// <summary>By UTF-8 bytes: UTF-16 units would put characters beyond the basic plane before U+E000.</summary>
    private static int Texts(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private static int Lists(IList<Value> left, IList<Value> right)
    {
        for (var i = 0; i < left.Count && i < right.Count; i++)
        {
            if (Compare(left[i], right[i]) is var order && order != 0)
            {
                return order;
            }
        }

        return left.Count.CompareTo(right.Count);
    }

    private static int Entities(Entity left, Entity right)
    {
        var (ours, theirs) = (Sorted(left), Sorted(right));
        for (var i = 0; i < ours.Count && i < theirs.Count; i++)
        {
            var order = Texts(ours[i].Key, theirs[i].Key);
            order = order != 0 ? order : Compare(ours[i].Value, theirs[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return ours.Count.CompareTo(theirs.Count);
    }

    private static List<KeyValuePair<string, Value>> Sorted(Entity entity) =>
        [.. entity.Properties.OrderBy(property => property.Key, StringComparer.Ordinal)];
}
