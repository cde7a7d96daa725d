using System.Security.Cryptography;
using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Completes keys with ids that are random, positive, exact as a double (below 2^53) and not in use. Used under the engine's lock.</summary>
internal sealed class IdAllocator(IEntityStore store)
{
    private const long Bound = 1L << 53;
    private readonly HashSet<EntityKey> reserved = [];

    public EntityKey Complete(Partition scope, Key incomplete)
    {
        var partition = KeyRules.CheckPath(scope, incomplete, forWrite: true);
        var key = incomplete.Clone();
        while (true)
        {
            key.Path[^1].Id = (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & (Bound - 1)) | 1;
            var complete = EntityKey.From(partition, key.Path);
            if (store.LastChange(complete) == 0 && !reserved.Contains(complete))
            {
                return complete;
            }
        }
    }

    public void Reserve(EntityKey key) => reserved.Add(key);
}
