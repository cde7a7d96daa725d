using System.Text;
using CascadeCache.Emulators.Datastore.Protocol;
using ValueCase = CascadeCache.Emulators.Datastore.Protocol.Value.ValueTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Sizes in bytes by the documented storage arithmetic, which is not the size of the message.</summary>
internal static class EntitySize
{
    public const int MaxEntityBytes = 1_048_572;
    public const int MaxUnindexedBytes = 1_048_487;
    private const int EntityOverhead = 32;
    private const int KeyOverhead = 16;

    public static long Of(Entity entity, string namespaceId) =>
        EntityOverhead + OfKey(namespaceId, entity.Key.Path) + OfProperties(entity);

    public static long OfKey(string namespaceId, IEnumerable<Key.Types.PathElement> path)
    {
        long size = KeyOverhead + (namespaceId.Length == 0 ? 0 : OfText(namespaceId));
        foreach (var element in path)
        {
            size += OfText(element.Kind);
            size += element.IdTypeCase == Key.Types.PathElement.IdTypeOneofCase.Name ? OfText(element.Name) : 8;
        }

        return size;
    }

    public static long OfValue(Value value) => value.ValueTypeCase switch
    {
        ValueCase.NullValue or ValueCase.BooleanValue => 1,
        ValueCase.StringValue => OfText(value.StringValue),
        ValueCase.BlobValue => value.BlobValue.Length,
        ValueCase.GeoPointValue => 16,
        ValueCase.KeyValue => OfKey(value.KeyValue.PartitionId?.NamespaceId ?? "", value.KeyValue.Path),
        ValueCase.ArrayValue => value.ArrayValue.Values.Sum(OfValue),
        ValueCase.EntityValue => OfProperties(value.EntityValue) + (value.EntityValue.Key is { } key ? OfKey("", key.Path) : 0),
        _ => 8,
    };

    private static long OfProperties(Entity entity)
    {
        long size = 0;
        foreach (var (name, value) in entity.Properties)
        {
            size += OfText(name) + OfValue(value);
        }

        return size;
    }

    private static long OfText(string text) => Encoding.UTF8.GetByteCount(text) + 1;
}
