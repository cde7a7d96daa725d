using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Lookup: all keys of one response are read at one instant; what does not fit into it is handed back as deferred.</summary>
internal sealed class LookupHandler(IEntityStore store, ReadViews views, DatastoreCounters counters, ResponseBudget budget)
{
    public const int MaxKeys = 1000;

    public LookupResponse Lookup(LookupRequest request)
    {
        counters.Lookups++;
        var scope = KeyRules.Scope(request.ProjectId, request.DatabaseId);
        if (request.Keys.Count == 0 || request.Keys.Count > MaxKeys)
        {
            throw DatastoreError.Invalid($"A lookup needs between 1 and {MaxKeys} keys, not {request.Keys.Count}.");
        }

        var keys = request.Keys.Select(key => KeyRules.Complete(scope, key, forWrite: false)).Distinct().ToList();
        var mask = request.PropertyMask is null ? null : PropertyMasks.Parse(request.PropertyMask);
        var view = views.Open(scope, request.ReadOptions);
        var response = new LookupResponse { Transaction = view.Begun, ReadTime = Timestamps.FromMicros(view.At) };
        Fill(response, keys, mask, view);
        counters.EntitiesRead += response.Found.Count;
        return response;
    }

    private void Fill(LookupResponse response, List<EntityKey> keys, IReadOnlyList<string[]>? mask, ReadView view)
    {
        var filling = budget.Start();
        foreach (var key in keys)
        {
            if (filling.IsFull)
            {
                response.Deferred.Add(key.ToMessage());
                continue;
            }

            var stored = store.Read(key, view.At);
            var result = stored is null ? Missing(key, view.At) : EntityResults.Of(stored, PropertyMasks.Select(stored.Entity!, mask));
            if (!filling.Take(result))
            {
                response.Deferred.Add(key.ToMessage());
                continue;
            }

            view.Transaction?.Observe(key);
            (stored is null ? response.Missing : response.Found).Add(result);
        }
    }

    private static EntityResult Missing(EntityKey key, long at) => new() { Entity = new Entity { Key = key.ToMessage() }, Version = at };
}
