using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;

namespace CascadeCache.Emulators.Datastore;

/// <summary>
/// Cursors name a place in the order of the results, not a count, so they stay right when entities come and go before them.
/// </summary>
internal static class Cursors
{
    private const uint Magic = 0x43435131;

    public static readonly ByteString BeforeAll = new CursorPosition { Magic = Magic, Start = true }.ToByteString();

    public static ByteString After(QueryRow row)
    {
        var position = new CursorPosition { Magic = Magic, Key = ByteString.CopyFrom(row.Stored.Key.Path) };
        position.OrderValues.Add(row.SortValues);
        position.ProjectedValues.Add(row.Projected);
        return position.ToByteString();
    }

    public static CursorPosition? Read(ByteString cursor, int orders, int projected)
    {
        if (cursor.IsEmpty)
        {
            return null;
        }

        try
        {
            var position = CursorPosition.Parser.ParseFrom(cursor);
            if (position.Magic == Magic && (position.Start || (position.OrderValues.Count == orders && position.ProjectedValues.Count == projected)))
            {
                return position;
            }
        }
        catch (InvalidProtocolBufferException failure)
        {
            throw DatastoreError.Invalid($"The cursor is invalid: {failure.Message}");
        }

        throw DatastoreError.Invalid("The cursor is invalid, or of another query.");
    }
}
