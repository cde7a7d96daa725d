using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf.WellKnownTypes;
using TransformCase = CascadeCache.Emulators.Datastore.Protocol.PropertyTransform.TransformTypeOneofCase;
using Value = CascadeCache.Emulators.Datastore.Protocol.Value;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Changes that the server computes from the value it finds.</summary>
internal static class PropertyTransforms
{
    public const int MaxPerEntity = 500;
    private const long MicrosPerMillisecond = 1000;

    /// <summary>Applies one transform to an entity that the caller owns and gives the value that the response reports.</summary>
    public static Value Apply(Entity entity, PropertyTransform transform, long requestMicros)
    {
        var path = PropertyPath.Parse(transform.Property);
        EntityRules.CheckPropertyName(path[0], topLevel: true);
        var current = PropertyPath.Get(entity, path);
        var next = transform.TransformTypeCase switch
        {
            TransformCase.SetToServerValue => ServerValue(transform.SetToServerValue, requestMicros),
            TransformCase.Increment => Increment(current, Number(transform.Increment)),
            TransformCase.Maximum => Extreme(current, Number(transform.Maximum), 1),
            TransformCase.Minimum => Extreme(current, Number(transform.Minimum), -1),
            TransformCase.AppendMissingElements => Append(current, transform.AppendMissingElements),
            TransformCase.RemoveAllFromArray => Remove(current, transform.RemoveAllFromArray),
            _ => throw DatastoreError.Invalid("The property transform has no transform type."),
        };
        // A computed value stays out of the indexes when the value it replaces did.
        next.ExcludeFromIndexes |= current is { ExcludeFromIndexes: true } && next.ValueTypeCase != ValueCase.ArrayValue;
        PropertyPath.Set(entity, path, next);
        return next.ValueTypeCase == ValueCase.ArrayValue ? new Value { NullValue = NullValue.NullValue } : next.Clone();
    }

    private static Value ServerValue(PropertyTransform.Types.ServerValue value, long requestMicros) =>
        value == PropertyTransform.Types.ServerValue.RequestTime
            ? new Value { TimestampValue = Timestamps.FromMicros(requestMicros / MicrosPerMillisecond * MicrosPerMillisecond) }
            : throw DatastoreError.Invalid("The property transform names an unknown server value.");

    private static Value Number(Value operand) =>
        IsNumber(operand) ? operand : throw DatastoreError.Invalid("The operand of the property transform is not a number.");

    private static bool IsNumber(Value? value) => value?.ValueTypeCase is ValueCase.IntegerValue or ValueCase.DoubleValue;

    private static double AsDouble(Value value) =>
        value.ValueTypeCase == ValueCase.IntegerValue ? value.IntegerValue : value.DoubleValue;

    private static Value Increment(Value? current, Value operand)
    {
        if (!IsNumber(current))
        {
            return operand.Clone();
        }

        if (current!.ValueTypeCase == ValueCase.IntegerValue && operand.ValueTypeCase == ValueCase.IntegerValue)
        {
            var sum = (Int128)current.IntegerValue + operand.IntegerValue;
            return new Value { IntegerValue = (long)Int128.Clamp(sum, long.MinValue, long.MaxValue) };
        }

        return new Value { DoubleValue = AsDouble(current) + AsDouble(operand) };
    }

    private static Value Extreme(Value? current, Value operand, int sign)
    {
        if (!IsNumber(current) || double.IsNaN(AsDouble(operand)))
        {
            return operand.Clone();
        }

        var keeps = double.IsNaN(AsDouble(current!)) || ValueOrder.Compare(current!, operand) * sign >= 0;
        return (keeps ? current! : operand).Clone();
    }

    private static Value Append(Value? current, ArrayValue elements)
    {
        var array = ArrayOf(current);
        foreach (var element in elements.Values)
        {
            if (!array.Values.Any(present => ValueOrder.Compare(present, element) == 0))
            {
                array.Values.Add(element.Clone());
            }
        }

        return new Value { ArrayValue = array };
    }

    private static Value Remove(Value? current, ArrayValue elements)
    {
        var kept = new ArrayValue();
        kept.Values.Add(ArrayOf(current).Values.Where(present => !elements.Values.Any(gone => ValueOrder.Compare(present, gone) == 0)));
        return new Value { ArrayValue = kept };
    }

    private static ArrayValue ArrayOf(Value? current) =>
        current?.ValueTypeCase == ValueCase.ArrayValue ? current.ArrayValue.Clone() : new ArrayValue();
}
