using CascadeCache.Emulators.Datastore.Protocol;
using FilterCase = CascadeCache.Emulators.Datastore.Protocol.Filter.FilterTypeOneofCase;
using Operator = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Decides whether an entity passes a filter. Inequalities on one property of an AND must hold for one and the same element of an array.</summary>
internal static class QueryFilter
{
    public static bool Passes(Filter? filter, StoredEntity stored) => (filter?.FilterTypeCase ?? FilterCase.None) switch
    {
        FilterCase.None => true,
        FilterCase.PropertyFilter => PassesAll([filter!.PropertyFilter], stored),
        _ when filter!.CompositeFilter.Op == CompositeFilter.Types.Operator.Or => filter.CompositeFilter.Filters.Any(part => Passes(part, stored)),
        _ => PassesAll([.. Properties(filter)], stored) && filter.CompositeFilter.Filters.Where(IsComposite).All(part => Passes(part, stored)),
    };

    /// <summary>Refuses what the service refuses, and what the emulator does not know.</summary>
    public static void Check(Filter? filter)
    {
        switch (filter?.FilterTypeCase ?? FilterCase.None)
        {
            case FilterCase.CompositeFilter:
                if (filter!.CompositeFilter.Op == CompositeFilter.Types.Operator.Unspecified || filter.CompositeFilter.Filters.Count == 0)
                {
                    throw DatastoreError.Invalid("A composite filter needs an operator and at least one filter.");
                }

                foreach (var part in filter.CompositeFilter.Filters)
                {
                    Check(part);
                }

                break;
            case FilterCase.PropertyFilter:
                CheckProperty(filter!.PropertyFilter);
                break;
        }
    }

    /// <summary>All property filters of a filter, at whatever depth.</summary>
    public static IEnumerable<PropertyFilter> Flatten(Filter? filter) => (filter?.FilterTypeCase ?? FilterCase.None) switch
    {
        FilterCase.None => [],
        FilterCase.PropertyFilter => [filter!.PropertyFilter],
        _ => filter!.CompositeFilter.Filters.SelectMany(Flatten),
    };

    public static bool IsInequality(PropertyFilter filter) =>
        filter.Op is Operator.LessThan or Operator.LessThanOrEqual or Operator.GreaterThan or Operator.GreaterThanOrEqual or Operator.NotEqual or Operator.NotIn;

    private static void CheckProperty(PropertyFilter filter)
    {
        bool needsArray = filter.Op is Operator.In or Operator.NotIn;
        bool isArray = filter.Value?.ValueTypeCase == ValueCase.ArrayValue;
        if (filter.Property is null || filter.Property.Name.Length == 0 || filter.Value is null || filter.Value.ValueTypeCase == ValueCase.None)
        {
            throw DatastoreError.Invalid("A property filter needs a property and a value.");
        }

        if (needsArray != isArray || (needsArray && filter.Value.ArrayValue.Values.Count == 0))
        {
            throw DatastoreError.Invalid($"The operator {filter.Op} {(needsArray ? "needs a list that is not empty" : "cannot take a list")}.");
        }

        bool onKey = filter.Property.Name == IndexedValues.KeyName || filter.Op == Operator.HasAncestor;
        IEnumerable<Value> operands = isArray ? filter.Value.ArrayValue.Values : [filter.Value];
        if (onKey && operands.Any(static value => value.ValueTypeCase != ValueCase.KeyValue))
        {
            throw DatastoreError.Invalid("__key__ filter value must be a Key.");
        }

        if (!Enum.IsDefined(filter.Op) || filter.Op == Operator.Unspecified)
        {
            throw DatastoreError.Unimplemented($"the filter operator {(int)filter.Op}");
        }
    }

    private static bool PassesAll(IReadOnlyList<PropertyFilter> filters, StoredEntity stored) =>
        filters.Where(static f => !IsInequality(f)).All(f => f.Op == Operator.HasAncestor ? IsUnder(stored, f.Value.KeyValue) : IndexedValues.Of(stored, f.Property.Name).Any(v => Holds(f, v)))
        && filters.Where(IsInequality).GroupBy(static f => f.Property.Name).All(group => IndexedValues.Of(stored, group.Key).Any(v => group.All(f => Holds(f, v))));

    private static bool IsUnder(StoredEntity stored, Key ancestor) =>
        (ancestor.PartitionId?.NamespaceId ?? "") == stored.Key.Partition.Namespace && stored.Key.HasAncestor(EntityKey.Encode(ancestor.Path));

    private static bool Holds(PropertyFilter filter, Value value)
    {
        Value operand = filter.Value;
        switch (filter.Op)
        {
            case Operator.In:
                return operand.ArrayValue.Values.Any(v => ValueOrder.Compare(value, v) == 0);
            case Operator.NotIn:
                return operand.ArrayValue.Values.All(v => ValueOrder.Compare(value, v) != 0);
            case Operator.NotEqual:
                return ValueOrder.Compare(value, operand) != 0;
            case Operator.Equal:
                return ValueOrder.Compare(value, operand) == 0;
        }

        // A range lies within the values of one type.
        if (!AreOfOneType(value, operand))
        {
            return false;
        }

        int order = ValueOrder.Compare(value, operand);
        return filter.Op switch
        {
            Operator.LessThan => order < 0,
            Operator.LessThanOrEqual => order <= 0,
            Operator.GreaterThan => order > 0,
            _ => order >= 0,
        };
    }

    private static bool AreOfOneType(Value one, Value other) =>
        one.ValueTypeCase == other.ValueTypeCase || (IsNumber(one) && IsNumber(other));

    private static bool IsNumber(Value value) => value.ValueTypeCase is ValueCase.IntegerValue or ValueCase.DoubleValue;

    private static IEnumerable<PropertyFilter> Properties(Filter filter) =>
        filter.CompositeFilter.Filters.Where(static part => !IsComposite(part)).Select(static part => part.PropertyFilter);

    private static bool IsComposite(Filter part) => part.FilterTypeCase == FilterCase.CompositeFilter;
}
