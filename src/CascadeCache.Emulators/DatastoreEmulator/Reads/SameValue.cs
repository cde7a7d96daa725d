using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Equality as the indexes see it: 1 and 1.0 are one value.</summary>
internal sealed class SameValue : IEqualityComparer<Value>
{
    public static readonly SameValue Instance = new();

    public bool Equals(Value? x, Value? y) => x is not null && y is not null && ValueOrder.Compare(x, y) == 0;

    public int GetHashCode(Value obj) => obj.ValueTypeCase switch
    {
        ValueCase.IntegerValue => ((double)obj.IntegerValue).GetHashCode(),
        ValueCase.DoubleValue => obj.DoubleValue.GetHashCode(),
        ValueCase.StringValue => obj.StringValue.GetHashCode(StringComparison.Ordinal),
        ValueCase.ArrayValue => obj.ArrayValue.Values.Aggregate(0, (hash, value) => HashCode.Combine(hash, GetHashCode(value))),
        _ => (int)obj.ValueTypeCase,
    };
}
