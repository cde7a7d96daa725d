using System.Buffers.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary><c>ma</c>: count up or down, creating the number when N is given.</summary>
internal static class MetaArithmetic
{
    public static void Run(CommandContext context)
    {
        if (!MetaCommands.CheckLine(context, "CLIENT_ERROR options flags too long"u8))
        {
            return;
        }

        var flags = MetaFlags.Read(context.Line, 2, context.Store.Clock);
        if (!flags.Error.IsEmpty)
        {
            context.Fail("CLIENT_ERROR invalid or duplicate flag"u8);
            return;
        }

        if (flags.Mode is not (0 or (byte)'I' or (byte)'+' or (byte)'D' or (byte)'-'))
        {
            context.Fail("CLIENT_ERROR invalid mode for ma M token"u8);
            return;
        }

        var up = flags.Mode is 0 or (byte)'I' or (byte)'+';
        switch (context.Store.AddDelta(flags.Key, up, flags.Delta, flags.Cas, out var number, out var item))
        {
            case DeltaResult.Done:
                Answer(context, in flags, item!, number, created: false);
                break;
            case DeltaResult.NonNumeric:
                context.Fail("CLIENT_ERROR cannot increment or decrement non-numeric value"u8);
                break;
            case DeltaResult.OutOfMemory:
                context.Fail("SERVER_ERROR out of memory"u8);
                break;
            case DeltaResult.CasMismatch:
                AnswerWithoutItem(context, in flags, "EX"u8);
                break;
            case DeltaResult.NotFound when flags.Vivify:
                Create(context, in flags);
                break;
            default:
                CountMiss(context.Store.Counters, up);
                AnswerWithoutItem(context, in flags, "NF"u8);
                break;
        }
    }

    public static void CountMiss(ServerCounters counters, bool up)
    {
        counters.IncrMisses += up ? 1 : 0;
        counters.DecrMisses += up ? 0 : 1;
    }

    private static void Create(CommandContext context, in MetaFlags flags)
    {
        var text = new byte[20];
        Utf8Formatter.TryFormat(flags.Initial, text, out var length);
        var store = context.Store;
        if (!store.MakeRoom(CacheItem.BytesOf(flags.Key.Length, 0, length)))
        {
            context.Fail("SERVER_ERROR Out of memory allocating new item"u8);
            return;
        }

        var item = new CacheItem(flags.Key.ToArray(), text[..length], 0, 0);
        store.Link(item);
        Answer(context, in flags, item, flags.Initial, created: true);
    }

    private static void Answer(CommandContext context, in MetaFlags flags, CacheItem item, ulong number, bool created)
    {
        var replies = context.Replies;
        var mark = replies.Length;
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var length);
        replies.Text(flags.WantsValue ? "VA "u8 : "HD"u8);
        if (flags.WantsValue)
        {
            replies.Number((ulong)length);
        }

        for (var i = 2; i < context.Line.Count; i++)
        {
            var word = context.Line[i];
            if (word[0] == 'O' && word.Length > MetaFlags.MaxOpaqueLength)
            {
                replies.TakeBack(mark);
                context.Fail("CLIENT_ERROR opaque token too long"u8);
                return;
            }

            ApplyFlag(context, in flags, item, created, word);
        }

        replies.EndLine();
        if (flags.WantsValue)
        {
            replies.Line(text[..length]);
        }

        // q hides a change, but not a creation.
        if (flags.Quiet && !created)
        {
            replies.TakeBack(mark);
        }
    }

    private static void ApplyFlag(
        CommandContext context, in MetaFlags flags, CacheItem item, bool created, ReadOnlySpan<byte> word)
    {
        switch ((char)word[0])
        {
            case 'c':
                context.Replies.Flag('c', item.Cas);
                break;
            case 't':
                MetaCommands.WriteTtl(context, item);
                break;
            case 'T':
                item.Expiry = flags.Expiry;
                break;
            case 'N' when created:
                item.Expiry = flags.VivifyExpiry;
                break;
            case 'O':
                context.Replies.Text(" "u8).Text(word);
                break;
            case 'k':
                context.Replies.KeyFlag(flags.Key, flags.KeyIsBinary);
                break;
        }
    }

    private static void AnswerWithoutItem(CommandContext context, in MetaFlags flags, ReadOnlySpan<byte> status)
    {
        var mark = context.Replies.Length;
        context.Replies.Text(status);
        if (MetaCommands.WriteOpaqueAndKey(context, 2, in flags, mark))
        {
            context.Replies.EndLine();
        }
    }
}
