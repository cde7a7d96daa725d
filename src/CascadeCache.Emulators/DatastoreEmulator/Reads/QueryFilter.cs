using CascadeCache.Emulators.Datastore.Protocol;
using FilterCase = CascadeCache.Emulators.Datastore.Protocol.Filter.FilterTypeOneofCase;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// The filter of a query, checked once and applied to many entities. A filter sees index entries: any one value of an array may
/// match an equality, but all inequalities of one AND on one property must match the same value.
/// </summary>
internal sealed class QueryFilter
{
    private const int MaxDisjunctions = 30;
    private readonly Filter? filter;
    private readonly Partition partition;

    public QueryFilter(Filter? filter, Partition partition)
    {
        this.filter = filter;
        this.partition = partition;
        if (filter is not null)
        {
            Check(filter);
        }
    }

    /// <summary>The properties under an inequality, in the order of the filter; the results are ordered by them.</summary>
    public List<string> Inequalities { get; } = [];

    /// <summary>The properties under an equality at the top.</summary>
    public HashSet<string> Equalities { get; } = [];

    /// <summary>The key path of the ancestor that every result has, or null.</summary>
    public byte[]? Ancestor { get; private set; }

    public bool Matches(Entity entity) => filter is null || Matches(entity, filter);

    /// <summary>The values of a property by which an entity can be in the result: those that pass the top-level inequalities on it.</summary>
    public IReadOnlyList<Value> Candidates(Entity entity, string property)
    {
        var values = IndexedValues.Of(entity, property);
        var limits = Conjuncts(filter).Where(conjunct => conjunct.Property.Name == property && IsInequality(conjunct.Op)).ToList();
        return limits.Count == 0 ? values : [.. values.Where(value => limits.All(limit => Holds(limit, value)))];
    }

    public static bool IsInequality(Op op) =>
        op is Op.LessThan or Op.LessThanOrEqual or Op.GreaterThan or Op.GreaterThanOrEqual or Op.NotEqual or Op.NotIn;

    private static IEnumerable<PropertyFilter> Conjuncts(Filter? filter) => filter?.FilterTypeCase switch
    {
        FilterCase.PropertyFilter => [filter.PropertyFilter],
        FilterCase.CompositeFilter when filter.CompositeFilter.Op == CompositeFilter.Types.Operator.And || filter.CompositeFilter.Filters.Count == 1 =>
            filter.CompositeFilter.Filters.SelectMany(Conjuncts),
        _ => [],
    };

    private void Check(Filter root)
    {
        foreach (var leaf in Leaves(root))
        {
            CheckLeaf(leaf);
            if (IsInequality(leaf.Op) && !Inequalities.Contains(leaf.Property.Name))
            {
                Inequalities.Add(leaf.Property.Name);
            }
        }

        foreach (var conjunct in Conjuncts(root))
        {
            if (conjunct.Op == Op.Equal)
            {
                Equalities.Add(conjunct.Property.Name);
            }
            else if (conjunct.Op == Op.HasAncestor)
            {
                Ancestor = AncestorPath(conjunct.Value);
            }
        }
    }

    private static IEnumerable<PropertyFilter> Leaves(Filter node)
    {
        switch (node.FilterTypeCase)
        {
            case FilterCase.PropertyFilter:
                return [node.PropertyFilter];
            case FilterCase.CompositeFilter when node.CompositeFilter.Filters.Count == 0:
                throw DatastoreError.Invalid("A composite filter must have at least one sub-filter.");
            case FilterCase.CompositeFilter when node.CompositeFilter.Op is CompositeFilter.Types.Operator.And or CompositeFilter.Types.Operator.Or:
                return node.CompositeFilter.Filters.SelectMany(Leaves);
            default:
                throw DatastoreError.Invalid("The filter has no type or an unknown operator.");
        }
    }

    private void CheckLeaf(PropertyFilter leaf)
    {
        if (string.IsNullOrEmpty(leaf.Property?.Name))
        {
            throw DatastoreError.Invalid("The filter names no property.");
        }

        if (leaf.Value is null || leaf.Value.ValueTypeCase == ValueCase.None)
        {
            throw DatastoreError.Invalid($"The filter on \"{leaf.Property.Name}\" has no value.");
        }

        switch (leaf.Op)
        {
            case Op.HasAncestor when leaf.Property.Name != IndexedValues.KeyProperty || leaf.Value.ValueTypeCase != ValueCase.KeyValue:
                throw DatastoreError.Invalid("An ancestor filter takes __key__ and a key.");
            case Op.In or Op.NotIn when leaf.Value.ValueTypeCase != ValueCase.ArrayValue || leaf.Value.ArrayValue.Values.Count is 0 or > MaxDisjunctions:
                throw DatastoreError.Invalid($"IN and NOT_IN take an array of 1 to {MaxDisjunctions} values.");
            case Op.Unspecified:
                throw DatastoreError.Invalid("The filter has no operator.");
            case var op when !Enum.IsDefined(op):
                throw DatastoreError.Unimplemented($"the filter operator {op}");
            case not (Op.In or Op.NotIn) when leaf.Value.ValueTypeCase == ValueCase.ArrayValue:
                throw DatastoreError.Invalid("Only IN and NOT_IN take an array.");
        }

        if (leaf.Property.Name == IndexedValues.KeyProperty)
        {
            NormaliseKeys(leaf.Value);
        }
    }

    private void NormaliseKeys(Value value)
    {
        foreach (var key in value.ValueTypeCase == ValueCase.ArrayValue ? value.ArrayValue.Values : [value])
        {
            if (key.ValueTypeCase != ValueCase.KeyValue)
            {
                throw DatastoreError.Invalid("__key__ filter value must be a Key");
            }

            var complete = KeyRules.Complete(partition with { Namespace = "" }, key.KeyValue, forWrite: false);
            if (complete.Partition != partition)
            {
                throw DatastoreError.Invalid("The key in the filter is of another namespace than the query.");
            }

            key.KeyValue = complete.ToMessage();
        }
    }

    private static byte[] AncestorPath(Value value) => EntityKey.Encode(value.KeyValue.Path);

    private bool Matches(Entity entity, Filter node)
    {
        if (node.FilterTypeCase == FilterCase.PropertyFilter)
        {
            return MatchesAll(entity, [node.PropertyFilter]);
        }

        var (leaves, inner) = Split(node.CompositeFilter.Filters);
        return node.CompositeFilter.Op == CompositeFilter.Types.Operator.And
            ? MatchesAll(entity, leaves) && inner.TrueForAll(filter => Matches(entity, filter))
            : leaves.Exists(leaf => MatchesAll(entity, [leaf])) || inner.Exists(filter => Matches(entity, filter));
    }

    private static (List<PropertyFilter> Leaves, List<Filter> Inner) Split(IEnumerable<Filter> filters) =>
        (filters.Where(filter => filter.FilterTypeCase == FilterCase.PropertyFilter).Select(filter => filter.PropertyFilter).ToList(),
            filters.Where(filter => filter.FilterTypeCase == FilterCase.CompositeFilter).ToList());

    private static bool MatchesAll(Entity entity, List<PropertyFilter> conjuncts)
    {
        foreach (var group in conjuncts.GroupBy(conjunct => conjunct.Property.Name))
        {
            var values = IndexedValues.Of(entity, group.Key);
            var limits = group.Where(conjunct => IsInequality(conjunct.Op)).ToList();
            var others = group.Where(conjunct => !IsInequality(conjunct.Op));
            if ((limits.Count > 0 && !values.Any(value => limits.TrueForAll(limit => Holds(limit, value))))
                || others.Any(other => !values.Any(value => Holds(other, value))))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Holds(PropertyFilter leaf, Value value) => leaf.Op switch
    {
        Op.LessThan => ValueOrder.Compare(value, leaf.Value) < 0,
        Op.LessThanOrEqual => ValueOrder.Compare(value, leaf.Value) <= 0,
        Op.GreaterThan => ValueOrder.Compare(value, leaf.Value) > 0,
        Op.GreaterThanOrEqual => ValueOrder.Compare(value, leaf.Value) >= 0,
        Op.Equal => ValueOrder.Compare(value, leaf.Value) == 0,
        Op.NotEqual => ValueOrder.Compare(value, leaf.Value) != 0,
        Op.In => leaf.Value.ArrayValue.Values.Any(one => ValueOrder.Compare(value, one) == 0),
        Op.NotIn => leaf.Value.ArrayValue.Values.All(one => ValueOrder.Compare(value, one) != 0),
        Op.HasAncestor => EntityKey.Encode(value.KeyValue.Path).AsSpan().StartsWith(AncestorPath(leaf.Value)),
        _ => throw DatastoreError.Unimplemented($"the filter operator {leaf.Op}"),
    };
}
