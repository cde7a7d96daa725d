using CascadeCache.Session.Merging;
using CascadeCache.Session.Tests.Store.Fakes;
using CsCheck;

namespace CascadeCache.Session.Tests.Merging;

/// <summary>The merge of two writes by itself.</summary>
public sealed class SessionMergeTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    // Per name: absent, or one of two values.
    private static readonly Gen<int[]> Content = Gen.Int[0, 2].Array[Names.Length];

    [Fact]
    public void For_every_name_mine_counts_if_I_changed_it_and_theirs_otherwise() => Gen.Select(Content, Content, Content, Gen.Bool).Sample(static (earlier, mine, theirs, hasBase) =>
    {
        byte[]? merged = SessionMerge.Merge(new MergeHistory(hasBase ? Blob(1, earlier) : null, []), Blob((byte)(hasBase ? 1 : 2), mine), Blob(1, theirs), out string? obstacle);
        int[] expected = [.. Names.Select((_, i) => mine[i] != (hasBase ? earlier[i] : 0) ? mine[i] : theirs[i])];
        StoredSession result = StoredSession.Read(merged!);
        return obstacle is null && result.ToString() == StoredSession.Read(Blob(1, expected)).ToString() && result.Id == StoredSession.Read(Blob(1, theirs)).Id;
    });

    [Fact]
    public void What_I_tried_to_write_and_took_back_is_a_change_too_if_it_is_stored() => Gen.Select(Content, Content, Content, Content, Content).Sample(static (earlier, first, second, mine, theirs) =>
    {
        byte[]? merged = SessionMerge.Merge(new MergeHistory(Blob(1, earlier), [Blob(1, first), Blob(1, second)]), Blob(1, mine), Blob(1, theirs), out _);
        bool isUnchanged = earlier.AsSpan().SequenceEqual(theirs);
        int[] expected = [.. Names.Select((_, i) =>
            isUnchanged || mine[i] != earlier[i] || (mine[i] != first[i] && theirs[i] == first[i]) || (mine[i] != second[i] && theirs[i] == second[i]) ? mine[i] : theirs[i])];
        return StoredSession.Read(merged!).ToString() == StoredSession.Read(Blob(1, expected)).ToString();
    });

    [Fact]
    public void Where_nothing_is_stored_mine_is_written_whole()
    {
        byte[] mine = Blob(1, [1, 0, 0, 0]);

        Assert.Same(mine, SessionMerge.Merge(new MergeHistory(Blob(1, [1, 1, 1, 1]), []), mine, null, out _));
    }

    [Fact]
    public void Where_nobody_changed_anything_mine_is_written_even_in_an_unknown_format()
    {
        byte[] stored = [7, 1, 2, 3];
        byte[] mine = Blob(1, [1, 0, 0, 0]);

        Assert.Same(mine, SessionMerge.Merge(new MergeHistory(stored, []), mine, [.. stored], out string? obstacle));
        Assert.Null(obstacle);
    }

    [Fact]
    public void What_cannot_be_understood_to_the_last_byte_is_not_merged()
    {
        byte[] a = Blob(1, [1, 0, 0, 0]);
        byte[] b = Blob(1, [0, 1, 0, 0]);
        byte[] c = Blob(1, [0, 0, 1, 0]);
        foreach (Func<byte[], byte[]> damage in (Func<byte[], byte[]>[])[static x => [7, .. x.AsSpan(1)], static x => [.. x, 0], static x => x[..^1], static _ => []])
        {
            Assert.Equal(SessionMerge.UnknownFormat, Obstacle(damage(a), b, c));
            Assert.Equal(SessionMerge.UnknownFormat, Obstacle(a, damage(b), c));
            Assert.Equal(SessionMerge.UnknownFormat, Obstacle(a, b, damage(c)));
            Assert.Equal(SessionMerge.UnknownFormat, Obstacle(null, b, damage(c)));
        }

        Assert.Null(Obstacle(a, b, c));
    }

    [Fact]
    public void Two_sessions_under_one_key_are_not_merged() =>
        Assert.Equal(SessionMerge.OtherIncarnation, Obstacle(Blob(1, [1, 0, 0, 0]), Blob(1, [1, 1, 0, 0]), Blob(2, [0, 0, 1, 0])));

    [Fact]
    public void Names_are_compared_byte_by_byte()
    {
        byte[] merged = SessionMerge.Merge(
            new MergeHistory(StoredSession.Write(1, ("k", "1"), ("K", "1")), []), StoredSession.Write(1, ("k", "2"), ("K", "1")), StoredSession.Write(1, ("k", "1"), ("K", "3")), out _)!;

        Assert.Equal("K=3,k=2", StoredSession.Read(merged).ToString());
    }

    [Fact]
    public void An_empty_value_is_not_a_missing_one()
    {
        byte[] merged = SessionMerge.Merge(
            new MergeHistory(StoredSession.Write(1, ("a", ""), ("b", "1")), []), StoredSession.Write(1, ("b", "")), StoredSession.Write(1, ("a", ""), ("b", "1"), ("c", "1")), out _)!;

        Assert.Equal("b=,c=1", StoredSession.Read(merged).ToString());
    }

    private static string? Obstacle(byte[]? earlier, byte[] mine, byte[] theirs)
    {
        byte[]? merged = SessionMerge.Merge(new MergeHistory(earlier, []), mine, theirs, out string? obstacle);
        Assert.Equal(obstacle is null, merged is not null);
        return obstacle;
    }

    private static byte[] Blob(byte id, int[] values) =>
        StoredSession.Write(id, [.. Names.Select((name, i) => (name, $"{values[i]}")).Where(static pair => pair.Item2 != "0")]);
}
