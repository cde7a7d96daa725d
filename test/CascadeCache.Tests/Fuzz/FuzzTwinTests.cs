using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using CascadeCache.Datastore;
using CascadeCache.Datastore.Protocol;
using CascadeCache.Entries;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Fuzz.Targets;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;
using CascadeCache.Primitives;
using CascadeCache.Protection;
using CascadeCache.Values;

namespace CascadeCache.Tests.Fuzz;

/// <summary>Every kind of target on code that has one mistake: the same run that finds nothing in ours must find it.</summary>
public sealed class FuzzTwinTests
{
    private delegate bool ArrayDecoder(ReadOnlyMemory<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner);

    private const int Mutations = 3000;

    [Fact]
    public void A_reader_that_takes_replies_in_turn_is_caught() => AssertCaught(new ReplyTarget(InTurn), "was accepted for");

    [Fact]
    public void A_reader_that_checks_the_number_but_not_the_key_is_caught() => AssertCaught(new ReplyTarget(ByNumber), "was accepted for key");

    [Fact]
    public void A_reader_that_takes_the_memory_that_a_header_claims_is_caught() => AssertCaught(new ReplyTarget(AllAtOnce), "bytes allocated");

    [Fact]
    public void A_format_without_a_checksum_is_caught() => AssertCaught(new EntryTarget(Unchecked), "does not encode");

    [Fact]
    public void A_lock_that_is_believed_for_as_long_as_it_says_is_caught() =>
        AssertCaught(new LockTarget(static (item, _) => LockRecord.Read(item, LockRecord.MaxSeconds + 1)), "s are left");

    [Fact]
    public void A_decoder_that_believes_every_time_is_caught() => AssertCaught(new EntityTarget(DecodeAnyTime), "was believed");

    [Fact]
    public void A_writer_that_takes_a_key_as_it_is_is_caught() => AssertCaught(new KeyTarget(WriteAsItIs), "not one command");

    [Fact]
    public void A_decompressor_that_takes_the_memory_that_a_length_claims_is_caught() => AssertCaught(new ValueTarget(OfPieces(Claimed)), "bytes allocated");

    [Fact]
    public void A_decompressor_that_leaves_bytes_over_is_caught() => AssertCaught(new ValueTarget(OfPieces(LeftOver)), "left over");

    [Fact]
    public void A_decompressor_that_is_content_with_less_is_caught() => AssertCaught(new ValueTarget(OfPieces(Less)), "another length");

    [Fact]
    public void A_seal_that_is_for_any_key_is_caught() =>
        AssertCaught(new SealedTarget(static (seal, key, item) => Opened(seal, key, item) ?? Opened(seal, new CacheKey("session.fuzy"), item)), "not sealed for the key");

    [Fact]
    public void A_seal_whose_tag_is_not_looked_at_is_caught() => AssertCaught(new SealedTarget(WithoutTag), "not sealed for the key");

    private static void AssertCaught(IFuzzTarget twin, string reason)
    {
        var run = new FuzzRun(twin, seed: 20260101, SeedCorpus.Of(twin.Name));
        run.ReplayCorpus();
        run.MutateWhile(() => run.Executions < Mutations);

        Assert.Contains(run.Failures, f => f.Reason.Contains(reason, StringComparison.Ordinal));
    }

    private static byte[]? Opened(IItemSeal seal, CacheKey key, byte[] item)
    {
        using PooledBytes? opened = seal.TryOpen(key, item);
        return opened?.Memory.ToArray();
    }

    private static byte[]? WithoutTag(IItemSeal seal, CacheKey key, byte[] item) =>
        Opened(seal, key, item) ?? (SealedFormat.TryRead(item, out SealedParts parts) ? parts.Ciphertext.ToArray() : null);

    private static MemcacheReply InTurn(ReplyScanner scanner, MemcacheServerInfo server, PendingQueue queue, out PendingRequest request)
    {
        ReplyLine line = Next(scanner);
        request = queue.Dequeue() is { } first ? first : throw new InvalidDataException();
        return Reply(scanner, line);
    }

    private static MemcacheReply ByNumber(ReplyScanner scanner, MemcacheServerInfo server, PendingQueue queue, out PendingRequest request)
    {
        ReplyLine line = Next(scanner);
        request = queue.Dequeue() is { } first && line.Opaque == first.Opaque ? first : throw new InvalidDataException();
        return Reply(scanner, line);
    }

    private static MemcacheReply AllAtOnce(ReplyScanner scanner, MemcacheServerInfo server, PendingQueue queue, out PendingRequest request)
    {
        ReadOnlySpan<byte> text = scanner.ReadLine();
        request = queue.Dequeue() is { } first && ReplyLine.TryParse(text, out ReplyLine line) ? first : throw new InvalidDataException();
        MemcacheReply reply = ReplyMatcher.Match(line, text, first, server, epoch: 1);
        if (line.Code != ReplyCode.Value)
        {
            return reply;
        }

        using var claimed = new MemoryStream((int)Math.Min(line.Size, 64 * 1024 * 1024));
        ReceivedValue value = scanner.ReadValue((int)Math.Min(line.Size, MemcacheServerInfo.DefaultItemSizeMax));
        return new MemcacheReply { Status = reply.Status, Lease = reply.Lease, Value = value.Memory, Loan = value.Loan };
    }

    private static ReplyLine Next(ReplyScanner scanner) =>
        ReplyLine.TryParse(scanner.ReadLine(), out ReplyLine line) && line.Size <= MemcacheServerInfo.DefaultItemSizeMax ? line : throw new InvalidDataException();

    private static MemcacheReply Reply(ReplyScanner scanner, in ReplyLine line)
    {
        ReceivedValue value = line.Code == ReplyCode.Value ? scanner.ReadValue((int)line.Size) : default;
        return new MemcacheReply
        {
            Status = line.Code switch
            {
                ReplyCode.Value => MemcacheStatus.Hit,
                ReplyCode.Success => MemcacheStatus.Done,
                ReplyCode.Miss => MemcacheStatus.Miss,
                _ => MemcacheStatus.Refused,
            },
            Value = value.Memory,
            Loan = value.Loan,
        };
    }

    private static bool Unchecked(ReadOnlyMemory<byte> item, long fingerprint, out Entry entry)
    {
        bool isLongEnough = item.Length >= EntryFormat.HeaderSize && item.Span[0] == EntryFormat.FormatVersion && item.Span[1] is >= 1 and <= 3;
        entry = isLongEnough
            ? new Entry { Kind = (EntryKind)item.Span[1], Version = 1, CopyExpiry = 1, DurableExpiry = 1, FreshUntil = 1, Payload = new ReadOnlySequence<byte>(item[EntryFormat.HeaderSize..]) }
            : default;
        return isLongEnough;
    }

    private static ValueTarget.TryDecode OfPieces(ArrayDecoder decoder) =>
        (in ReadOnlySequence<byte> stored, ValueEncoding encoding, out ReadOnlySequence<byte> value, out IDisposable? owner) =>
        {
            bool isValue = decoder(stored.ToArray(), encoding, out ReadOnlyMemory<byte> decoded, out owner);
            value = new ReadOnlySequence<byte>(decoded);
            return isValue;
        };

    private static bool Claimed(ReadOnlyMemory<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner)
    {
        owner = null;
        bool isCompressed = encoding == ValueEncoding.Brotli && stored.Length > BrotliForm.HeaderSize;
        value = new byte[isCompressed ? Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(stored.Span), 0, 64 * 1024 * 1024) : 0];
        return new ValueCodec(0, maxDecodedBytes: ValueTarget.MaxBytes).TryDecode(stored, encoding, out value, out owner);
    }

    private static bool LeftOver(ReadOnlyMemory<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner) =>
        Decompress(stored, encoding, static (length, written) => length == written, out value, out owner);

    private static bool Less(ReadOnlyMemory<byte> stored, ValueEncoding encoding, out ReadOnlyMemory<byte> value, out IDisposable? owner) =>
        Decompress(stored, encoding, static (length, written) => length >= written, out value, out owner);

    private static bool Decompress(ReadOnlyMemory<byte> stored, ValueEncoding encoding, Func<int, int, bool> isRight, out ReadOnlyMemory<byte> value, out IDisposable? owner)
    {
        (value, owner) = (stored, null);
        if (encoding != ValueEncoding.Brotli)
        {
            return encoding == ValueEncoding.None;
        }

        int length = stored.Length > BrotliForm.HeaderSize ? BinaryPrimitives.ReadInt32LittleEndian(stored.Span) : 0;
        if (length <= stored.Length || length > ValueTarget.MaxBytes)
        {
            return false;
        }

        byte[] bytes = new byte[length];
        bool isDone = BrotliDecoder.TryDecompress(stored.Span[BrotliForm.HeaderSize..], bytes, out int written);
        value = bytes.AsMemory(0, written);
        return isDone && isRight(length, written);
    }

    private static DurableValue? DecodeAnyTime(Entity entity, CacheKey key) =>
        entity.Properties.TryGetValue(EntityProperties.ExpiresAt, out Value? time) && time.TimestampValue is { } expiry
            ? new DurableValue(default, new EntryLifetime(EntryLifetime.Never, 0), (expiry.Seconds * 1000) + (expiry.Nanos / 1_000_000))
            : new EntityCodec("Session", "").Decode(entity, key);

    private static void WriteAsItIs(OutgoingBuffer to, string text, MemcacheRequest request, uint opaque) =>
        to.Append(Encoding.UTF8.GetBytes($"mg {text} v c f t N10 k O{opaque}\r\n"));
}
