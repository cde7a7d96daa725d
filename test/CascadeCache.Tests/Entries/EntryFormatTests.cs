using CascadeCache.Entries;
using CascadeCache.TestKit.Values;
using CascadeCache.Values;
using CsCheck;
using Xunit;

namespace CascadeCache.Tests.Entries;

public class EntryFormatTests
{
    private const long Fingerprint = 0x0123_4567_89AB_CDEF;

    // Written by this format's first version. A change of these bytes is a new format with a new number.
    private const string GoldenValue =
        "C101" + "0807060504030201" + "00A0724E18090000" + "804F120000000000" + "1122334455660000" + "2122334455660000" + "3122334455660000"
        + "95E9C9F81CD52ABC" + "68656C6C6F";

    private const string GoldenAbsent =
        "C102" + "FFFFFFFFFFFFFFFF" + "FFFFFFFFFFFFFF7F" + "0000000000000000" + "0100000000000000" + "0200000000000000" + "0300000000000000"
        + "3BDF507CC60242E8";

    // Written by the first version that compresses. One from before takes 0x11 for no kind, and rejects it.
    private const string GoldenCompressed =
        "C111" + "0807060504030201" + "00A0724E18090000" + "804F120000000000" + "1122334455660000" + "2122334455660000" + "3122334455660000"
        + "FEDB141525D521C0" + "E803000003";

    private static readonly Gen<Entry> AnyEntry = Gen.Select(
        Gen.Enum<EntryKind>().Where(k => k is EntryKind.Value or EntryKind.Absent or EntryKind.Bypass),
        Gen.Long,
        Gen.Select(Gen.Long, Gen.Long[0, long.MaxValue]),
        Gen.Select(Gen.Long, Gen.Long, Gen.Long),
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Enum<ValueEncoding>()),
        (kind, version, life, times, payload) => new Entry
        {
            Kind = kind,
            Version = version,
            Lifetime = new EntryLifetime(life.Item1, life.Item2),
            CopyExpiry = times.Item1,
            DurableExpiry = times.Item2,
            FreshUntil = times.Item3,
            Payload = kind switch
            {
                EntryKind.Value => payload.Item1.ToSequence(),
                EntryKind.Bypass => EntryFormat.BypassPayload(version),
                _ => default,
            },
            Encoding = kind == EntryKind.Value ? payload.Item2 : ValueEncoding.None,
        });

    private static readonly Entry Sample = new()
    {
        Kind = EntryKind.Value,
        Version = 0x0102030405060708,
        Lifetime = new EntryLifetime(0x918_4E72_A000, 1_200_000),
        CopyExpiry = 0x6655_4433_2211,
        DurableExpiry = 0x6655_4433_2221,
        FreshUntil = 0x6655_4433_2231,
        Payload = "hello"u8.ToArray().ToSequence(),
    };

    [Fact]
    public void A_value_is_stored_in_these_bytes() => Assert.Equal(GoldenValue, Convert.ToHexString(Bytes(Sample, Fingerprint)));

    [Fact]
    public void The_bytes_are_the_same_however_the_payload_is_cut() => AnyEntry.Sample(static entry =>
    {
        byte[] payload = entry.Payload.ToArray();
        Assert.All(
            Pieces.FormsOf(payload, 1, 8, EntryFormat.HeaderSize),
            form => Assert.Equal(Bytes(entry, Fingerprint), Bytes(entry with { Payload = form.Bytes }, Fingerprint)));
    });

    [Fact]
    public void A_marker_is_stored_in_these_bytes()
    {
        var marker = new Entry
        {
            Kind = EntryKind.Absent,
            Version = -1,
            Lifetime = new EntryLifetime(EntryLifetime.Never, 0),
            CopyExpiry = 1,
            DurableExpiry = 2,
            FreshUntil = 3,
        };

        Assert.Equal(GoldenAbsent, Convert.ToHexString(Bytes(marker, Fingerprint)));
    }

    [Fact]
    public void A_compressed_value_is_stored_in_these_bytes_and_read_from_them()
    {
        Entry compressed = Sample with { Encoding = ValueEncoding.Brotli, Payload = Convert.FromHexString("E803000003").ToSequence() };

        Assert.Equal(GoldenCompressed, Convert.ToHexString(Bytes(compressed, Fingerprint)));
        Assert.True(EntryFormat.TryRead(Convert.FromHexString(GoldenCompressed), Fingerprint, out Entry entry));
        AssertSame(compressed, entry);
    }

    [Fact]
    public void An_encoding_that_is_not_known_is_rejected_though_its_checksum_is_right()
    {
        Assert.All(Enumerable.Range(0, 16), static encoding =>
            Assert.Equal(ValueCodec.Knows(encoding), EntryFormat.TryRead(Bytes(Sample with { Encoding = (ValueEncoding)encoding }, Fingerprint), Fingerprint, out _)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_marker_with_an_encoding_is_rejected_though_its_checksum_is_right(byte kind) =>
        Assert.False(EntryFormat.TryRead(Bytes(Sample with { Kind = (EntryKind)kind, Payload = default, Encoding = ValueEncoding.Brotli }, Fingerprint), Fingerprint, out _));

    [Fact]
    public void The_stored_bytes_of_the_first_version_can_be_read()
    {
        Assert.True(EntryFormat.TryRead(Convert.FromHexString(GoldenValue), Fingerprint, out Entry entry));
        AssertSame(Sample, entry);
    }

    [Fact]
    public void What_is_written_is_read() => Gen.Select(AnyEntry, Gen.Long).Sample((entry, fingerprint) =>
    {
        Assert.True(EntryFormat.TryRead(Bytes(entry, fingerprint), fingerprint, out Entry read));
        AssertSame(entry, read);
    });

    [Fact]
    public void A_value_that_does_not_slide_is_read()
    {
        Assert.True(EntryFormat.TryRead(Bytes(Sample with { Lifetime = new EntryLifetime(5, 0) }, Fingerprint), Fingerprint, out Entry entry));
        Assert.Equal(new EntryLifetime(5, 0), entry.Lifetime);
    }

    [Fact]
    public void Every_truncation_is_rejected()
    {
        byte[] bytes = Bytes(Sample, Fingerprint);

        Assert.All(Enumerable.Range(0, bytes.Length), n => Assert.False(EntryFormat.TryRead(bytes.AsMemory(0, n), Fingerprint, out _)));
    }

    [Fact]
    public void Every_appended_byte_is_rejected() => Gen.Byte.Array[1, 10].Sample(more =>
        Assert.False(EntryFormat.TryRead(Bytes(Sample, Fingerprint).Concat(more).ToArray(), Fingerprint, out _)));

    [Fact]
    public void Every_flipped_bit_is_rejected()
    {
        byte[] bytes = Bytes(Sample, Fingerprint);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(EntryFormat.TryRead(bytes, Fingerprint, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(EntryFormat.TryRead(bytes, Fingerprint, out _));
    }

    [Fact]
    public void Another_keys_bytes_are_rejected() => Gen.Select(AnyEntry, Gen.Long, Gen.Long).Where((_, a, b) => a != b).Sample((entry, mine, other) =>
        Assert.False(EntryFormat.TryRead(Bytes(entry, mine), other, out _)));

    [Fact]
    public void Foreign_bytes_are_rejected() => Gen.Byte.Array[0, 200].Sample(foreign =>
    {
        Assert.False(EntryFormat.TryRead(foreign, Fingerprint, out _));
        foreign.AsSpan(0, Math.Min(2, foreign.Length)).Fill(1);
        if (foreign.Length > 0)
        {
            foreign[0] = EntryFormat.FormatVersion; // even those that begin as ours do
        }

        Assert.False(EntryFormat.TryRead(foreign, Fingerprint, out _));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_kind_that_is_no_entry_is_rejected_though_its_checksum_is_right(byte kind) =>
        Assert.False(EntryFormat.TryRead(Bytes(new Entry { Kind = (EntryKind)kind, Version = 1, CopyExpiry = 1, DurableExpiry = 1, FreshUntil = 1 }, Fingerprint), Fingerprint, out _));

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 8)]
    [InlineData(3, 0)]
    [InlineData(3, 7)]
    [InlineData(3, 9)]
    public void A_marker_with_another_payload_than_its_own_is_rejected_though_its_checksum_is_right(byte kind, int bytes) =>
        Assert.False(EntryFormat.TryRead(Bytes(new Entry { Kind = (EntryKind)kind, Version = 1, CopyExpiry = 1, DurableExpiry = 1, FreshUntil = 1, Payload = new byte[bytes].ToSequence() }, Fingerprint), Fingerprint, out _));

    [Fact]
    public void A_bypass_marker_tells_the_size_of_the_value_in_these_bytes()
    {
        byte[] item = Bytes(new Entry { Kind = EntryKind.Bypass, Version = 1, CopyExpiry = 1, DurableExpiry = 1, FreshUntil = 1, Payload = EntryFormat.BypassPayload(0x123456) }, Fingerprint);

        Assert.Equal("5634120000000000", Convert.ToHexString(item[EntryFormat.HeaderSize..]));
        Assert.Equal(0x123456, EntryFormat.ValueBytes(EntryKind.Bypass, item));
        Assert.Equal(0, EntryFormat.ValueBytes(EntryKind.Bypass, item.AsSpan(0, item.Length - 1)));
        Assert.Equal(8, EntryFormat.ValueBytes(EntryKind.Value, item));
        Assert.Equal(0, EntryFormat.ValueBytes(EntryKind.Value, item.AsSpan(0, 3)));
        Assert.Equal(0, EntryFormat.ValueBytes(EntryKind.Absent, item));
    }

    [Fact]
    public void A_header_is_larger_than_a_lock_so_that_values_never_evict_locks() =>
        Assert.True(EntryFormat.HeaderSize > 2 * LockRecord.Empty(contended: false).With(Guid.Empty, 31).Size);

    private static byte[] Bytes(in Entry entry, long fingerprint)
    {
        byte[] bytes = new byte[EntryFormat.HeaderSize + entry.Payload.Length];
        EntryFormat.WriteHeader(bytes, entry, fingerprint);
        entry.Payload.ToArray().CopyTo(bytes, EntryFormat.HeaderSize);
        return bytes;
    }

    private static void AssertSame(in Entry expected, in Entry actual)
    {
        Assert.Equal(
            (expected.Kind, expected.Version, expected.Lifetime, expected.CopyExpiry, expected.DurableExpiry, expected.FreshUntil, expected.Encoding),
            (actual.Kind, actual.Version, actual.Lifetime, actual.CopyExpiry, actual.DurableExpiry, actual.FreshUntil, actual.Encoding));
        Assert.Equal(expected.Payload.ToArray(), actual.Payload.ToArray());
    }
}
