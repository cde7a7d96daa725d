using CascadeCache.Emulators.Datastore.Protocol;
using Direction = CascadeCache.Emulators.Datastore.Protocol.PropertyOrder.Types.Direction;
using Op = CascadeCache.Emulators.Datastore.Protocol.PropertyFilter.Types.Operator;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>Queries put together in few words.</summary>
internal static class QueryText
{
    public static Query Things() => new() { Kind = { new KindExpression { Name = "Thing" } } };

    public static Query Where(this Query query, string property, Op op, Value value) => query.Where(Is(property, op, value));

    public static Query Where(this Query query, Filter filter)
    {
        query.Filter = query.Filter is null ? filter : All(query.Filter, filter);
        return query;
    }

    public static Query By(this Query query, string property, bool descending = false)
    {
        var direction = descending ? Direction.Descending : Direction.Ascending;
        query.Order.Add(new PropertyOrder { Property = new PropertyReference { Name = property }, Direction = direction });
        return query;
    }

    public static Query Select(this Query query, params string[] properties)
    {
        query.Projection.Add(properties.Select(property => new Projection { Property = new PropertyReference { Name = property } }));
        return query;
    }

    public static Filter Is(string property, Op op, Value value) =>
        new() { PropertyFilter = new PropertyFilter { Property = new PropertyReference { Name = property }, Op = op, Value = value } };

    public static Filter All(params Filter[] filters) => Composite(CompositeFilter.Types.Operator.And, filters);

    public static Filter Any(params Filter[] filters) => Composite(CompositeFilter.Types.Operator.Or, filters);

    public static Value KeyOf(Key key) => new() { KeyValue = key };

    /// <summary>The names or ids at the ends of the keys, in the order of the results.</summary>
    public static string[] Names(this QueryResultBatch batch) => [.. batch.EntityResults.Select(result => NameOf(result.Entity.Key.Path[^1]))];

    private static string NameOf(Key.Types.PathElement element) => element.Name.Length > 0 ? element.Name : $"{element.Id}";

    private static Filter Composite(CompositeFilter.Types.Operator op, Filter[] filters) =>
        new() { CompositeFilter = new CompositeFilter { Op = op, Filters = { filters } } };
}
