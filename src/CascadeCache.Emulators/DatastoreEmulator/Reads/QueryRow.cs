using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>One result of a query with its place in the order: sort values, then key, then projected values.</summary>
internal sealed record QueryRow(StoredEntity Stored, IReadOnlyList<Value> SortValues, IReadOnlyList<Value> Projected);
