using CascadeCache.Emulators.Datastore.Protocol;
using Operator = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;

namespace CascadeCache.Emulators.Datastore;

/// <summary>A query, checked, with its order made complete, over the entities of one scope.</summary>
internal sealed class QueryPlan
{
    private readonly Query query;
    private readonly IReadOnlyList<PropertyOrder> orders;
    private readonly IReadOnlyList<string> projection;

    public QueryPlan(Query query, Partition partition)
    {
        this.query = query;
        Check(query);
        Scope = new EntityScope(partition, query.Kind.Count == 0 ? null : query.Kind[0].Name, AncestorOf(query.Filter));
        orders = CompleteOrder(query);
        projection = [.. query.Projection.Select(static p => p.Property.Name).Where(static name => name != IndexedValues.KeyName)];
    }

    public EntityScope Scope { get; }

    public IReadOnlyList<PropertyOrder> Orders => orders;

    public QueryResultBatch.Types.ResultType ResultType =>
        query.Projection.Count == 0 ? QueryResultBatch.Types.ResultType.Full
        : projection.Count == 0 ? QueryResultBatch.Types.ResultType.KeyOnly
        : QueryResultBatch.Types.ResultType.Projection;

    /// <summary>All rows in order, cursors, offset and limit not yet applied.</summary>
    public List<QueryRow> Rows(IEnumerable<StoredEntity> entities)
    {
        var rows = entities.Where(stored => QueryFilter.Passes(query.Filter, stored)).SelectMany(RowsOf).ToList();
        rows.Sort((one, other) => QueryRow.Compare(one, other, orders));
        return query.DistinctOn.Count == 0 ? rows : Distinct(rows);
    }

    /// <summary>What a row looks like in the response.</summary>
    public EntityResult Show(QueryRow row, IReadOnlyList<string[]>? mask)
    {
        if (query.Projection.Count == 0)
        {
            return EntityResults.Of(row.Stored, PropertyMasks.Select(row.Stored.Entity!, mask));
        }

        var shown = new Entity { Key = row.Stored.Entity!.Key };
        for (var i = 0; i < projection.Count; i++)
        {
            var value = row.Projected[i].Clone();
            value.Meaning = 18; // it came out of an index
            shown.Properties[projection[i]] = value;
        }

        return EntityResults.Of(row.Stored, shown);
    }

    private static void Check(Query query)
    {
        if (query.FindNearest is not null)
        {
            throw DatastoreError.Unimplemented("vector search");
        }

        if (query.Kind.Count > 1 || query.Kind.Any(static kind => kind.Name.Length == 0))
        {
            throw DatastoreError.Invalid("A query has at most one kind, and its name is not empty.");
        }

        if (query.Offset < 0 || query.Limit < 0)
        {
            throw DatastoreError.Invalid("Offset and limit must not be negative.");
        }

        QueryFilter.Check(query.Filter);
        IEnumerable<string> named =
        [
            .. QueryFilter.Flatten(query.Filter).Where(static f => f.Op != Operator.HasAncestor).Select(static f => f.Property.Name),
            .. query.Order.Select(static order => order.Property.Name),
            .. query.Projection.Select(static p => p.Property.Name),
        ];
        if (query.Kind.Count == 0 && named.Any(static name => name != IndexedValues.KeyName))
        {
            throw DatastoreError.Invalid("kind is required for filter: a query without a kind can use __key__ only.");
        }

        foreach (var distinct in query.DistinctOn.Where(distinct => query.Projection.All(p => p.Property.Name != distinct.Name)))
        {
            throw DatastoreError.Invalid($"The property \"{distinct.Name}\" is in distinct_on but not in the projection.");
        }
    }

    private static byte[]? AncestorOf(Filter? filter)
    {
        // Only an ancestor that every result must have narrows the scan; one within an OR is checked entity by entity.
        bool isOr = filter?.CompositeFilter?.Op == CompositeFilter.Types.Operator.Or;
        var ancestor = isOr ? null : QueryFilter.Flatten(filter).FirstOrDefault(static f => f.Op == Operator.HasAncestor);
        return ancestor is null ? null : EntityKey.Encode(ancestor.Value.KeyValue.Path);
    }

    // An inequality orders by its property first, if the query does not.
    private static IReadOnlyList<PropertyOrder> CompleteOrder(Query query)
    {
        if (query.Order.Count > 0)
        {
            return query.Order;
        }

        return
        [
            .. QueryFilter.Flatten(query.Filter).Where(QueryFilter.IsInequality).Select(static f => f.Property.Name).Distinct()
                .Select(static name => new PropertyOrder { Property = new PropertyReference { Name = name }, Direction = PropertyOrder.Types.Direction.Ascending }),
        ];
    }

    private IEnumerable<QueryRow> RowsOf(StoredEntity stored)
    {
        var orderValues = new List<Value>();
        foreach (var order in orders)
        {
            // An entity that lacks the property is in no index by it. Of an array the least element counts, or the greatest when descending.
            IEnumerable<Value> values = IndexedValues.Of(stored, order.Property.Name).Order(Comparer<Value>.Create(ValueOrder.Compare));
            Value? value = order.Direction == PropertyOrder.Types.Direction.Descending ? values.LastOrDefault() : values.FirstOrDefault();
            if (value is null)
            {
                return [];
            }

            orderValues.Add(value);
        }

        IEnumerable<Value[]> combinations = [[]];
        foreach (var property in projection)
        {
            combinations = combinations.SelectMany(head => IndexedValues.Of(stored, property).Select(value => (Value[])[.. head, value]));
        }

        return combinations.Select(values => new QueryRow(stored, orderValues, values));
    }

    private List<QueryRow> Distinct(List<QueryRow> rows)
    {
        int[] places = [.. query.DistinctOn.Select(distinct => projection.ToList().IndexOf(distinct.Name)).Where(static i => i >= 0)];
        var seen = new List<QueryRow>();
        foreach (var row in rows)
        {
            if (!seen.Exists(other => places.All(i => ValueOrder.Compare(row.Projected[i], other.Projected[i]) == 0)))
            {
                seen.Add(row);
            }
        }

        return seen;
    }
}
