using System.Text;
using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>What an entity must look like to be stored, and the form in which it is stored.</summary>
internal static class EntityRules
{
    public const int MaxDepth = 20;
    public const int MaxIndexedBytes = 1500;
    public const int MaxIndexedValues = 20_000;
    private const int MeaningOfIndexValue = 18;

    /// <summary>Checks <paramref name="entity"/> and brings its values into the stored form, in place: the caller owns the message.</summary>
    public static void CheckAndNormalise(Entity entity, EntityKey key)
    {
        entity.Key = key.ToMessage();
        var walk = new Walk(key.Partition);
        walk.Properties(entity, "", indexed: true, depth: 0);
        if (EntitySize.Of(entity, key.Partition.Namespace) > EntitySize.MaxEntityBytes)
        {
            throw DatastoreError.Invalid($"entity is too big: the limit is {EntitySize.MaxEntityBytes} bytes");
        }

        if (walk.IndexedValues > MaxIndexedValues)
        {
            throw DatastoreError.Invalid($"too many indexed properties: the limit is {MaxIndexedValues} index entries for an entity");
        }
    }

    public static void CheckPropertyName(string name, bool topLevel)
    {
        if (name.Length == 0)
        {
            throw DatastoreError.Invalid("The property name is the empty string.");
        }

        if (KeyRules.IsTooLong(name))
        {
            throw DatastoreError.Invalid($"The name of property is longer than {KeyRules.MaxTextBytes} bytes.");
        }

        if (topLevel && KeyRules.IsReserved(name))
        {
            throw DatastoreError.Invalid($"The property name \"{name}\" is reserved.");
        }
    }

    /// <summary>One pass over an entity; holds what is counted on the way.</summary>
    private sealed class Walk(Partition partition)
    {
        public int IndexedValues { get; private set; }

        public void Properties(Entity entity, string prefix, bool indexed, int depth)
        {
            foreach (var (name, value) in entity.Properties)
            {
                CheckPropertyName(name, depth == 0);
                Check(value, prefix + name, indexed, depth, inArray: false);
            }
        }

        private void Check(Value value, string path, bool indexed, int depth, bool inArray)
        {
            if (value.Meaning == MeaningOfIndexValue)
            {
                throw DatastoreError.Invalid($"The value of property \"{path}\" has meaning 18, which only a projection query returns.");
            }

            indexed &= !value.ExcludeFromIndexes;
            switch (value.ValueTypeCase)
            {
                case ValueCase.None:
                    throw DatastoreError.Invalid($"The value of property \"{path}\" has no value type.");
                case ValueCase.ArrayValue:
                    Array(value, path, indexed, depth, inArray);
                    return;
                case ValueCase.EntityValue:
                    Nested(value.EntityValue, path, indexed, depth);
                    return;
                case ValueCase.StringValue:
                    Length(path, Encoding.UTF8.GetByteCount(value.StringValue), indexed);
                    break;
                case ValueCase.BlobValue:
                    Length(path, value.BlobValue.Length, indexed);
                    break;
                case ValueCase.TimestampValue:
                    value.TimestampValue = Timestamps.Truncate(value.TimestampValue, path);
                    break;
                case ValueCase.KeyValue:
                    value.KeyValue = KeyRules.Complete(partition with { Namespace = "" }, value.KeyValue, forWrite: false).ToMessage();
                    break;
                case ValueCase.GeoPointValue:
                    GeoPoint(value, path);
                    break;
            }

            IndexedValues += indexed ? 1 : 0;
        }

        private void Array(Value value, string path, bool indexed, int depth, bool inArray)
        {
            if (inArray)
            {
                throw DatastoreError.Invalid($"The array of property \"{path}\" contains an array, which is not allowed.");
            }

            if (value.ExcludeFromIndexes || value.Meaning != 0)
            {
                throw DatastoreError.Invalid($"The array of property \"{path}\" must not set exclude_from_indexes or meaning: its elements do.");
            }

            foreach (var element in value.ArrayValue.Values)
            {
                Check(element, path, indexed, depth, inArray: true);
            }
        }

        private void Nested(Entity entity, string path, bool indexed, int depth)
        {
            if (depth + 1 > MaxDepth)
            {
                throw DatastoreError.Invalid($"The property \"{path}\" is nested deeper than {MaxDepth} levels.");
            }

            Properties(entity, path + ".", indexed, depth + 1);
        }

        private static void Length(string path, int bytes, bool indexed)
        {
            var limit = indexed ? MaxIndexedBytes : EntitySize.MaxUnindexedBytes;
            if (bytes > limit)
            {
                throw DatastoreError.Invalid($"The value of property \"{path}\" is longer than {limit} bytes.");
            }
        }

        private static void GeoPoint(Value value, string path)
        {
            var (latitude, longitude) = (value.GeoPointValue.Latitude, value.GeoPointValue.Longitude);
            if (!(Math.Abs(latitude) <= 90) || !(Math.Abs(longitude) <= 180))
            {
                throw DatastoreError.Invalid($"The geo point of property \"{path}\" is out of range.");
            }
        }
    }
}
