using System.Buffers.Binary;
using System.Text;
using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// A complete key in a form whose byte order is the key order of Datastore, so that sorting is a byte comparison and
/// "has ancestor" is a prefix test. Immutable.
/// </summary>
/// <remarks>
/// Per path element: kind, then 0x01 and the id (8 bytes, big-endian), or 0x02 and the name. Texts are UTF-8 in which 0x00 becomes
/// 0x00 0xFF, ended by 0x00 0x01: a text that is a prefix of another sorts first, and no text runs into what follows it.
/// Ids sort before names, parents before their children.
/// </remarks>
internal sealed class EntityKey : IEquatable<EntityKey>, IComparable<EntityKey>
{
    private const byte IdTag = 1;
    private const byte NameTag = 2;
    private readonly byte[] path;
    private readonly int hash;
    private string? kind;

    public EntityKey(Partition partition, byte[] path)
    {
        Partition = partition;
        this.path = path;
        HashCode code = default;
        code.Add(partition);
        code.AddBytes(path);
        hash = code.ToHashCode();
    }

    public Partition Partition { get; }

    public ReadOnlySpan<byte> Path => path;

    /// <summary>The kind of the last path element.</summary>
    public string Kind => kind ??= ToMessage().Path[^1].Kind;

    public static EntityKey From(Partition partition, IReadOnlyList<Key.Types.PathElement> elements) =>
        new(partition, Encode(elements)) { kind = elements[^1].Kind };

    public static byte[] Encode(IEnumerable<Key.Types.PathElement> elements)
    {
        using var bytes = new MemoryStream();
        Span<byte> id = stackalloc byte[8];
        foreach (var element in elements)
        {
            WriteText(bytes, element.Kind);
            if (element.IdTypeCase == Key.Types.PathElement.IdTypeOneofCase.Name)
            {
                bytes.WriteByte(NameTag);
                WriteText(bytes, element.Name);
            }
            else
            {
                bytes.WriteByte(IdTag);
                BinaryPrimitives.WriteInt64BigEndian(id, element.Id);
                bytes.Write(id);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>The message form, with its partition filled in as the service does.</summary>
    public Key ToMessage()
    {
        var key = new Key
        {
            PartitionId = new PartitionId { ProjectId = Partition.Project, DatabaseId = Partition.Database, NamespaceId = Partition.Namespace },
        };
        var rest = Path;
        while (!rest.IsEmpty)
        {
            var element = new Key.Types.PathElement { Kind = ReadText(ref rest) };
            var tag = rest[0];
            rest = rest[1..];
            if (tag == NameTag)
            {
                element.Name = ReadText(ref rest);
            }
            else
            {
                element.Id = BinaryPrimitives.ReadInt64BigEndian(rest);
                rest = rest[8..];
            }

            key.Path.Add(element);
        }

        return key;
    }

    public bool HasAncestor(ReadOnlySpan<byte> ancestor) => Path.StartsWith(ancestor);

    public int CompareTo(EntityKey? other) => other is null ? 1 : Path.SequenceCompareTo(other.Path);

    public bool Equals(EntityKey? other) =>
        other is not null && hash == other.hash && Partition == other.Partition && Path.SequenceEqual(other.Path);

    public override bool Equals(object? obj) => Equals(obj as EntityKey);

    public override int GetHashCode() => hash;

    private static void WriteText(MemoryStream bytes, string text)
    {
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            bytes.WriteByte(unit);
            if (unit == 0)
            {
                bytes.WriteByte(0xFF);
            }
        }

        bytes.WriteByte(0);
        bytes.WriteByte(1);
    }

    private static string ReadText(ref ReadOnlySpan<byte> rest)
    {
        var text = new byte[rest.Length];
        var length = 0;
        var at = 0;
        for (; rest[at] != 0 || rest[at + 1] != 1; at++)
        {
            text[length++] = rest[at];
            if (rest[at] == 0)
            {
                at++;
            }
        }

        rest = rest[(at + 2)..];
        return Encoding.UTF8.GetString(text, 0, length);
    }
}
