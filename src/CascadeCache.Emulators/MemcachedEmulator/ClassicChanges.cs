using System.Buffers.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary>The classic commands that change an item without a data block: <c>delete touch incr decr</c>.</summary>
internal static class ClassicChanges
{
    public static void Delete(CommandContext context)
    {
        var line = context.Line;
        if (line.Count is < 2 or > 4)
        {
            context.Fail("ERROR"u8);
            return;
        }

        if (line.Count > 2)
        {
            // An ancient form has a hold time before noreply, which may only be zero.
            context.ReadNoReply();
            var zero = line[2].SequenceEqual("0"u8);
            if (line.Count == 3 ? !zero && !context.NoReply : !zero || !context.NoReply)
            {
                context.Reply("CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]"u8);
                return;
            }
        }

        if (line[1].Length > CommandContext.MaxKeyLength)
        {
            context.Reply("CLIENT_ERROR bad command line format"u8);
            return;
        }

        if (context.Store.Find(line[1]) is { } item)
        {
            context.Store.Counters.DeleteHits++;
            context.Store.Remove(item);
            context.Reply("DELETED"u8);
        }
        else
        {
            context.Store.Counters.DeleteMisses++;
            context.Reply("NOT_FOUND"u8);
        }
    }

    public static void Touch(CommandContext context)
    {
        if (!CheckLine(context))
        {
            return;
        }

        if (!CNumber.TryInt32(context.Line[2], out var seconds))
        {
            context.Reply("CLIENT_ERROR invalid exptime argument"u8);
            return;
        }

        var counters = context.Store.Counters;
        counters.Touches++;
        if (context.Store.Find(context.Line[1]) is { } item)
        {
            counters.TouchHits++;
            context.Store.Bump(item);
            item.Expiry = context.Store.Clock.ExpiryFrom(seconds);
            context.Reply("TOUCHED"u8);
        }
        else
        {
            counters.TouchMisses++;
            context.Reply("NOT_FOUND"u8);
        }
    }

    public static void Count(CommandContext context, bool up)
    {
        if (!CheckLine(context))
        {
            return;
        }

        if (!CNumber.TryUInt64(context.Line[2], out var delta))
        {
            context.Reply("CLIENT_ERROR invalid numeric delta argument"u8);
            return;
        }

        switch (context.Store.AddDelta(context.Line[1], up, delta, 0, out var number, out _))
        {
            case DeltaResult.Done:
                Span<byte> text = stackalloc byte[20];
                Utf8Formatter.TryFormat(number, text, out var length);
                context.Reply(text[..length]);
                break;
            case DeltaResult.NonNumeric:
                context.Reply("CLIENT_ERROR cannot increment or decrement non-numeric value"u8);
                break;
            case DeltaResult.OutOfMemory:
                context.Reply("SERVER_ERROR out of memory"u8);
                break;
            default:
                MetaArithmetic.CountMiss(context.Store.Counters, up);
                context.Reply("NOT_FOUND"u8);
                break;
        }
    }

    private static bool CheckLine(CommandContext context)
    {
        if (context.Line.Count is not (3 or 4))
        {
            context.Fail("ERROR"u8);
            return false;
        }

        context.ReadNoReply();
        if (context.Line[1].Length > CommandContext.MaxKeyLength)
        {
            context.Reply("CLIENT_ERROR bad command line format"u8);
            return false;
        }

        return true;
    }
}
