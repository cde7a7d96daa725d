using CascadeCache.Session.Merging;
using CascadeCache.Session.Tests.Store.Fakes;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Tests.Merging;

/// <summary>The format of the stock session: what it writes is read, and nothing else is.</summary>
public sealed class SessionBlobTests
{
    private static readonly byte[] Example = StoredSession.Write(9, ("k", "1"), ("", "empty name"), ("empty", ""));

    [Fact]
    public async Task What_the_stock_session_writes_is_read()
    {
        var lab = new SessionLab();
        ISession session = await lab.LoadAsync();
        session.Set("", []);
        session.Set(new string('я', 32_767), [1, 2, 3]);
        session.SetString("K", "1");
        session.SetString("k", "2");
        session.Set("large", new byte[100_000]);
        await session.CommitAsync(TestContext.Current.CancellationToken);

        byte[] bytes = lab.Stored.Peek(SessionLab.Key)!;
        Assert.True(SessionBlob.TryParse(bytes, out SessionBlob? blob));
        Assert.Equal(session.Id, new Guid(blob.Id).ToString());
        Assert.Equal([0, 65_534, 1, 1, 5], blob.Entries.Keys.Select(static name => name.Length));
        Assert.Equal([0, 3, 1, 1, 100_000], blob.Entries.Values.Select(static value => value.Length));
        Assert.Equal(bytes, SessionBlobWriter.Write(blob.Id, [.. blob.Entries.Select(static entry => (entry.Key, entry.Value))]));
    }

    [Fact]
    public void Of_a_session_that_was_cut_nothing_is_read()
    {
        Assert.True(SessionBlob.TryParse(Example, out _));
        for (int length = 0; length < Example.Length; length++)
        {
            Assert.False(SessionBlob.TryParse(Example.AsMemory(0, length), out _), $"{length} bytes");
        }
    }

    [Fact]
    public void Of_a_session_with_anything_after_it_nothing_is_read() => Assert.False(SessionBlob.TryParse((byte[])[.. Example, 0], out _));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(255)]
    public void Another_revision_is_not_read(byte revision)
    {
        Assert.False(SessionBlob.TryParse((byte[])[revision, .. Example.AsSpan(1)], out _));
        Assert.False(SessionBlob.HasHeader((byte[])[revision, .. Example.AsSpan(1)]));
    }

    [Fact]
    public void A_name_that_is_there_twice_is_not_read() => Assert.False(SessionBlob.TryParse(StoredSession.Write(9, ("k", "1"), ("k", "1")), out _));

    [Theory]
    [InlineData(1, 0xFF)]
    [InlineData(3, 4)]
    [InlineData(3, 2)]
    [InlineData(20, 0xFF)]
    [InlineData(23, 0x80)]
    [InlineData(23, 0xFF)]
    public void A_count_or_length_that_lies_is_not_believed(int offset, byte value)
    {
        byte[] bytes = [.. Example];
        bytes[offset] = value;

        Assert.False(SessionBlob.TryParse(bytes, out _));
    }

    [Fact]
    public void Whatever_the_bytes_reading_ends_and_what_is_read_is_written_the_same() => Gen.Select(Gen.Byte.Array[0, 60], Gen.Bool).Sample(static (bytes, isHeaded) =>
    {
        byte[] input = isHeaded ? [2, 0, 0, (byte)(bytes.Length % 4), .. bytes] : bytes;
        return !SessionBlob.TryParse(input, out SessionBlob? blob)
            || input.AsSpan().SequenceEqual(SessionBlobWriter.Write(blob.Id, [.. blob.Entries.Select(static entry => (entry.Key, entry.Value))]));
    });

    [Fact]
    public void More_entries_than_the_format_counts_are_not_written()
    {
        byte[] id = new byte[16];
        var entry = (default(ReadOnlyMemory<byte>), default(ReadOnlyMemory<byte>));

        Assert.NotNull(SessionBlobWriter.Write(id, [.. Enumerable.Repeat(entry, 3)]));
        Assert.Null(SessionBlobWriter.Write(id, [.. Enumerable.Repeat(entry, SessionBlob.MaxEntries + 1)]));
    }

    [Fact]
    public void More_bytes_than_an_array_holds_are_not_written()
    {
        ReadOnlyMemory<byte> large = new byte[Array.MaxLength / 40];

        Assert.Null(SessionBlobWriter.Write(new byte[16], [.. Enumerable.Repeat((default(ReadOnlyMemory<byte>), large), 41)]));
    }

    [Fact]
    public void The_id_of_another_session_replaces_the_own_one_and_nothing_else()
    {
        byte[] other = StoredSession.Write(7);
        byte[] result = SessionBlobWriter.WithIdOf(Example, other);

        Assert.Equal(other.AsSpan(4, 16).ToArray(), result[4..20]);
        Assert.Equal(Example[..4], result[..4]);
        Assert.Equal(Example[20..], result[20..]);
        Assert.Same(Example, SessionBlobWriter.WithIdOf(Example, StoredSession.Write(9)));
        Assert.Same(Example, SessionBlobWriter.WithIdOf(Example, []));
        Assert.Same(other, SessionBlobWriter.WithIdOf(other, (byte[])[7, .. Example.AsSpan(1)]));
    }
}
