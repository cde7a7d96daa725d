using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Direction = CascadeCache.Emulators.Datastore.Protocol.PropertyOrder.Types.Direction;

namespace CascadeCache.Emulators.Datastore;

/// <summary>A query that was checked: its scope, its filter, the order of its results and how an entity becomes rows.</summary>
internal sealed class QueryPlan
{
    private readonly QueryFilter filter;
    private readonly List<(string Property, bool Descending)> orders = [];
    private readonly List<string> projection;
    private readonly List<int> distinctOn;
    private readonly CursorPosition? start;
    private readonly CursorPosition? end;

    public QueryPlan(Query query, Partition partition)
    {
        Query = query;
        CheckShape(query);
        filter = new QueryFilter(query.Filter, partition);
        projection = [.. query.Projection.Select(projected => projected.Property?.Name ?? "")];
        KeysOnly = projection is [IndexedValues.KeyProperty];
        projection.Remove(IndexedValues.KeyProperty);
        var kind = query.Kind.Count == 0 ? null : query.Kind[0].Name;
        CheckProperties(kind);
        distinctOn = [.. query.DistinctOn.Select(property => projection.IndexOf(property.Name))];
        Scope = new EntityScope(partition, kind, filter.Ancestor);
        SetOrders();
        start = Cursors.Read(query.StartCursor, orders.Count, projection.Count);
        end = Cursors.Read(query.EndCursor, orders.Count, projection.Count);
    }

    public Query Query { get; }

    public EntityScope Scope { get; }

    public bool KeysOnly { get; }

    public bool IsProjection => projection.Count > 0;

    /// <summary>The rows from the start cursor to the end cursor, in order. Offset and limit are the caller's.</summary>
    public IEnumerable<QueryRow> Rows(IEnumerable<StoredEntity> entities)
    {
        var rows = entities.Where(stored => filter.Matches(stored.Entity!)).SelectMany(Expand).ToList();
        rows.Sort(Compare);
        return Distinct(rows)
            .Where(row => start is null || start.Start || Compare(row, start) > 0)
            .TakeWhile(row => end is null || (!end.Start && Compare(row, end) <= 0));
    }

    /// <summary>Whether there is a result behind the end cursor.</summary>
    public bool HasEnd => end is not null;

    public ByteString CursorAfter(QueryRow row) => Cursors.After(row);

    public EntityResult ToResult(QueryRow row, IReadOnlyList<string[]>? mask)
    {
        var stored = row.Stored.Entity!;
        var shown = KeysOnly || IsProjection ? new Entity { Key = stored.Key } : PropertyMasks.Select(stored, mask);
        for (var i = 0; i < projection.Count; i++)
        {
            // Meaning 18 tells clients that the value comes from an index and must not be written back as it is.
            var value = row.Projected[i].Clone();
            value.Meaning = 18;
            shown.Properties[projection[i]] = value;
        }

        var result = EntityResults.Of(row.Stored, shown);
        result.Cursor = CursorAfter(row);
        return result;
    }

    private static void CheckShape(Query query)
    {
        if (query.FindNearest is not null)
        {
            throw DatastoreError.Unimplemented("find_nearest");
        }

        if (query.Order.Any(order => !Enum.IsDefined(order.Direction)))
        {
            throw DatastoreError.Unimplemented("an order direction of that number");
        }

        if (query.Kind.Count > 1)
        {
            throw DatastoreError.Invalid("A query can have at most one kind.");
        }

        if (query.Kind.Count == 1 && query.Kind[0].Name.Length == 0)
        {
            throw DatastoreError.Invalid("The kind is the empty string.");
        }

        if (query.Offset < 0 || query.Limit < 0)
        {
            throw DatastoreError.Invalid("Offset and limit must not be negative.");
        }

        if (query.Kind.Count == 1 && KeyRules.IsReserved(query.Kind[0].Name))
        {
            throw DatastoreError.Unimplemented("metadata queries");
        }
    }

    private void CheckProperties(string? kind)
    {
        var names = projection.Concat(Query.Order.Select(order => order.Property?.Name ?? "")).Concat(Query.DistinctOn.Select(property => property.Name));
        if (names.Any(name => name.Length == 0))
        {
            throw DatastoreError.Invalid("The query names a property that is the empty string.");
        }

        var filtered = filter.Equalities.Concat(filter.Inequalities).Concat(names);
        if (kind is null && filtered.Any(name => name != IndexedValues.KeyProperty))
        {
            throw DatastoreError.Invalid("kind is required for filter and order on anything but __key__");
        }

        if (Query.DistinctOn.Any(property => !projection.Contains(property.Name)))
        {
            throw DatastoreError.Invalid("A property of distinct_on must be projected.");
        }

        if (projection.Distinct().Count() != projection.Count)
        {
            throw DatastoreError.Invalid("cannot specify a projection on the same property more than once");
        }

        if (projection.Find(filter.Equalities.Contains) is { } equal)
        {
            throw DatastoreError.Invalid($"cannot use projection on a property with an equality filter: {equal}");
        }
    }

    private void SetOrders()
    {
        foreach (var order in Query.Order)
        {
            orders.Add((order.Property.Name, order.Direction == Direction.Descending));
        }

        // An index serves an inequality in the order of its property; a projection comes out in the order of what it projects.
        foreach (var implied in filter.Inequalities.Concat(projection).Where(name => orders.TrueForAll(order => order.Property != name)).ToList())
        {
            orders.Add((implied, false));
        }
    }

    private IEnumerable<QueryRow> Expand(StoredEntity stored)
    {
        foreach (var projected in Product(stored.Entity!, 0))
        {
            var sortValues = new List<Value>(orders.Count);
            foreach (var (property, descending) in orders)
            {
                var at = projection.IndexOf(property);
                var value = at >= 0 ? projected[at] : Extreme(filter.Candidates(stored.Entity!, property), descending);
                if (value is null)
                {
                    break;
                }

                sortValues.Add(value);
            }

            if (sortValues.Count == orders.Count)
            {
                yield return new QueryRow(stored, sortValues, projected);
            }
        }
    }

    /// <summary>All combinations of one indexed value for each projected property.</summary>
    private List<Value[]> Product(Entity entity, int index)
    {
        if (index == projection.Count)
        {
            return [new Value[projection.Count]];
        }

        var values = filter.Candidates(entity, projection[index]).Distinct(SameValue.Instance).ToList();
        return [.. Product(entity, index + 1).SelectMany(rest => values.Select(value => With(rest, index, value)))];
    }

    private static Value[] With(Value[] values, int at, Value value)
    {
        var copy = (Value[])values.Clone();
        copy[at] = value;
        return copy;
    }

    private static Value? Extreme(IReadOnlyList<Value> values, bool greatest) =>
        values.Count == 0 ? null : values.Aggregate((best, next) => ValueOrder.Compare(next, best) > 0 == greatest ? next : best);

    private IEnumerable<QueryRow> Distinct(List<QueryRow> rows) => distinctOn.Count == 0
        ? rows
        : rows.DistinctBy(row => new Value { ArrayValue = new ArrayValue { Values = { distinctOn.Select(at => row.Projected[at]) } } }, SameValue.Instance);

    private int Compare(QueryRow left, QueryRow right) => Compare(left, right.SortValues, right.Stored.Key.Path, right.Projected);

    private int Compare(QueryRow left, CursorPosition right) => Compare(left, right.OrderValues, right.Key.Span, right.ProjectedValues);

    private int Compare(QueryRow left, IReadOnlyList<Value> sortValues, ReadOnlySpan<byte> path, IReadOnlyList<Value> projected)
    {
        for (var i = 0; i < orders.Count; i++)
        {
            if (ValueOrder.Compare(left.SortValues[i], sortValues[i]) is var order && order != 0)
            {
                return orders[i].Descending ? -order : order;
            }
        }

        var byKey = left.Stored.Key.Path.SequenceCompareTo(path);
        for (var i = 0; byKey == 0 && i < projected.Count; i++)
        {
            byKey = ValueOrder.Compare(left.Projected[i], projected[i]);
        }

        return byKey;
    }
}
