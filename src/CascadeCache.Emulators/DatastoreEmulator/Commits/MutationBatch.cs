using CascadeCache.Emulators.Datastore.Protocol;
using Grpc.Core;
using DetectionCase = CascadeCache.Emulators.Datastore.Protocol.Mutation.ConflictDetectionStrategyOneofCase;
using Operation = CascadeCache.Emulators.Datastore.Protocol.Mutation.OperationOneofCase;
using Strategy = CascadeCache.Emulators.Datastore.Protocol.Mutation.Types.ConflictResolutionStrategy;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// The mutations of one commit, worked out against the store in order without changing it: a refusal of any of them leaves no trace.
/// </summary>
internal sealed class MutationBatch(IEntityStore store, IdAllocator ids, Partition scope, long version, bool transactional)
{
    private readonly Dictionary<EntityKey, Target> targets = [];

    public int Conflicts { get; private set; }

    public IReadOnlyList<StoredEntity> Changes() =>
        [.. targets.Where(target => target.Value.Changed).Select(target => new StoredEntity(target.Key, version, target.Value.Created, target.Value.Entity))];

    public MutationResult Apply(Mutation mutation)
    {
        CheckShape(mutation);
        var (key, allocated) = KeyOf(mutation);
        var target = TargetOf(key, mutation.OperationCase);
        var result = new MutationResult();
        if (IsConflict(mutation, target))
        {
            result.ConflictDetected = true;
        }
        else if (mutation.OperationCase == Operation.Delete)
        {
            target.Changed |= target.Entity is not null;
            target.Entity = null;
        }
        else
        {
            Put(mutation, key, target, result);
        }

        Describe(result, target, allocated ? key : null);
        return result;
    }

    private static void CheckShape(Mutation mutation)
    {
        if (mutation.OperationCase == Operation.None)
        {
            throw DatastoreError.Invalid("The mutation has no operation.");
        }

        if (mutation.ConflictResolutionStrategy != Strategy.StrategyUnspecified && mutation.ConflictDetectionStrategyCase == DetectionCase.None)
        {
            throw DatastoreError.Invalid("A conflict resolution strategy needs a base version or an update time.");
        }

        if (!Enum.IsDefined(mutation.ConflictResolutionStrategy))
        {
            throw DatastoreError.Unimplemented($"the conflict resolution strategy {mutation.ConflictResolutionStrategy}");
        }

        if (!Enum.IsDefined(mutation.ConflictResolutionStrategy))
        {
            throw DatastoreError.Unimplemented($"the conflict resolution strategy {mutation.ConflictResolutionStrategy}");
        }

        if (mutation.OperationCase == Operation.Delete && mutation.PropertyTransforms.Count > 0)
        {
            throw DatastoreError.Invalid("A delete cannot have property transforms.");
        }

        if (mutation.PropertyTransforms.Count > PropertyTransforms.MaxPerEntity)
        {
            throw DatastoreError.Invalid($"An entity can have at most {PropertyTransforms.MaxPerEntity} property transforms in a commit.");
        }
    }

    private (EntityKey Key, bool Allocated) KeyOf(Mutation mutation)
    {
        var key = mutation.OperationCase switch
        {
            Operation.Insert => mutation.Insert.Key,
            Operation.Update => mutation.Update.Key,
            Operation.Upsert => mutation.Upsert.Key,
            _ => mutation.Delete,
        };
        var mayAllocate = mutation.OperationCase is Operation.Insert or Operation.Upsert;
        return mayAllocate && key is not null && KeyRules.IsIncomplete(key)
            ? (ids.Complete(scope, key), true)
            : (KeyRules.Complete(scope, key, forWrite: true), false);
    }

    private Target TargetOf(EntityKey key, Operation operation)
    {
        if (!targets.TryGetValue(key, out var target))
        {
            var stored = store.Read(key, long.MaxValue);
            targets[key] = target = new Target { Entity = stored?.Entity, Version = stored?.Version ?? 0, Created = stored?.Created ?? 0 };
        }
        else if (!transactional)
        {
            throw DatastoreError.Invalid("A non-transactional commit may not contain multiple mutations affecting the same entity.");
        }
        else if (IsForbidden(target.Last, operation))
        {
            throw DatastoreError.Invalid($"The same entity cannot see {operation} after {target.Last} in one commit.");
        }

        target.Last = operation;
        return target;
    }

    private static bool IsForbidden(Operation first, Operation second) => (first, second) is
        (Operation.Insert or Operation.Update or Operation.Upsert, Operation.Insert) or (Operation.Delete, Operation.Update);

    /// <summary>An entity that is absent has no version, so it conflicts with every one that is asked for.</summary>
    private bool IsConflict(Mutation mutation, Target target)
    {
        var current = target.Changed ? version : target.Version;
        var matches = mutation.ConflictDetectionStrategyCase switch
        {
            DetectionCase.None => true,
            DetectionCase.BaseVersion => target.Entity is not null && mutation.BaseVersion == current,
            _ => target.Entity is not null && Timestamps.ToMicros(mutation.UpdateTime) == current,
        };
        if (matches)
        {
            return false;
        }

        Conflicts++;
        return mutation.ConflictResolutionStrategy == Strategy.Fail
            ? throw DatastoreError.Aborted("The entity is not at the version that the mutation was based on.")
            : true;
    }

    private void Put(Mutation mutation, EntityKey key, Target target, MutationResult result)
    {
        var written = mutation.OperationCase switch
        {
            Operation.Insert when target.Entity is not null => throw new DatastoreError(StatusCode.AlreadyExists, $"entity already exists: {key.ToMessage()}"),
            Operation.Update when target.Entity is null => throw new DatastoreError(StatusCode.NotFound, $"no entity to update: {key.ToMessage()}"),
            Operation.Insert => mutation.Insert,
            Operation.Update => mutation.Update,
            _ => mutation.Upsert,
        };
        EntityRules.CheckAndNormalise(written, key);
        written = mutation.PropertyMask is null ? written : PropertyMasks.Merge(target.Entity, written, mutation.PropertyMask);
        foreach (var transform in mutation.PropertyTransforms)
        {
            result.TransformResults.Add(PropertyTransforms.Apply(written, transform, version));
        }

        EntityRules.CheckAndNormalise(written, key);
        if (target.Entity is null || !target.Entity.Equals(written))
        {
            target.Created = target.Entity is null ? version : target.Created;
            target.Entity = written;
            target.Changed = true;
        }
    }

    private void Describe(MutationResult result, Target target, EntityKey? allocated)
    {
        // Absent: this commit's version lies above every earlier and below every later one of the entity.
        result.Version = target.Changed || target.Entity is null ? version : target.Version;
        result.Key = allocated?.ToMessage();
        if (target.Entity is not null)
        {
            result.UpdateTime = Timestamps.FromMicros(result.Version);
            result.CreateTime = Timestamps.FromMicros(target.Created);
        }
    }

    /// <summary>An entity as the mutations so far left it.</summary>
    private sealed class Target
    {
        public Entity? Entity { get; set; }

        public long Version { get; init; }

        public long Created { get; set; }

        public bool Changed { get; set; }

        public Operation Last { get; set; }
    }
}
