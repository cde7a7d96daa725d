using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;

namespace CascadeCache.Emulators.Datastore;

/// <summary>One result of a query with its place in the order: an entity, or one combination of its projected values.</summary>
internal sealed record QueryRow(StoredEntity Stored, IReadOnlyList<Value> OrderValues, IReadOnlyList<Value> Projected)
{
    // Bytes from elsewhere, or of another version, are no cursor of ours.
    private const uint Magic = 0x43437131;

    public static ByteString StartCursor { get; } = new CursorPosition { Magic = Magic, Start = true }.ToByteString();

    public ByteString Cursor
    {
        get
        {
            var position = new CursorPosition { Magic = Magic, Key = ByteString.CopyFrom(Stored.Key.Path) };
            position.OrderValues.Add(OrderValues);
            position.ProjectedValues.Add(Projected);
            return position.ToByteString();
        }
    }

    public static CursorPosition Parse(ByteString cursor)
    {
        try
        {
            var position = CursorPosition.Parser.ParseFrom(cursor);
            return position.Magic == Magic ? position : throw DatastoreError.Invalid("The cursor is not valid.");
        }
        catch (InvalidProtocolBufferException)
        {
            throw DatastoreError.Invalid("The cursor is not valid.");
        }
    }

    /// <summary>Whether the row comes after the position, in the order of the given directions.</summary>
    public bool IsAfter(CursorPosition position, IReadOnlyList<PropertyOrder> orders)
    {
        if (position.Start)
        {
            return true;
        }

        if (position.OrderValues.Count != orders.Count)
        {
            throw DatastoreError.Invalid("The cursor is of another query.");
        }

        int order = CompareValues(OrderValues, position.OrderValues, orders);
        order = order != 0 ? order : Stored.Key.Path.SequenceCompareTo(position.Key.Span);
        return (order != 0 ? order : CompareValues(Projected, position.ProjectedValues, [])) > 0;
    }

    public static int Compare(QueryRow one, QueryRow other, IReadOnlyList<PropertyOrder> orders)
    {
        int order = CompareValues(one.OrderValues, other.OrderValues, orders);
        order = order != 0 ? order : one.Stored.Key.CompareTo(other.Stored.Key);
        return order != 0 ? order : CompareValues(one.Projected, other.Projected, []);
    }

    private static int CompareValues(IReadOnlyList<Value> ours, IReadOnlyList<Value> theirs, IReadOnlyList<PropertyOrder> orders)
    {
        for (var i = 0; i < ours.Count && i < theirs.Count; i++)
        {
            int order = ValueOrder.Compare(ours[i], theirs[i]);
            if (order != 0)
            {
                return i < orders.Count && orders[i].Direction == PropertyOrder.Types.Direction.Descending ? -order : order;
            }
        }

        return 0;
    }
}
