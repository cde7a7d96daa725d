using System.Security.Cryptography;
using CascadeCache.Protection;
using CascadeCache.TestKit.Fakes;
using static CascadeCache.Tests.Protection.SealRig;

namespace CascadeCache.Tests.Protection;

/// <summary>How often Data Protection is asked, for how long its word counts, and when a process takes another key.</summary>
public sealed class DataKeysTests
{
    private readonly SealRig _rig = new();

    [Fact]
    public void A_key_is_wrapped_once_and_unwrapped_once_in_each_process()
    {
        (ItemSeal writer, ItemSeal reader) = (_rig.NewSeal(), _rig.NewSeal());
        for (byte i = 0; i < 100; i++)
        {
            Assert.NotNull(Open(reader, Key, Sealed(writer, Key, i)));
            Assert.NotNull(Open(writer, Key, Sealed(writer, Key, i)));
        }

        Assert.Equal((1, 1), (_rig.Ring.Protects, _rig.Ring.Unprotects));
    }

    [Fact]
    public void Processes_have_keys_of_their_own_and_read_each_others_items()
    {
        (ItemSeal one, ItemSeal two) = (_rig.NewSeal(), _rig.NewSeal());
        (byte[] ofOne, byte[] ofTwo) = (Sealed(one, Key, 1), Sealed(two, Key, 2));

        Assert.NotEqual(WrappedOf(ofOne), WrappedOf(ofTwo));
        Assert.NotNull(Open(one, Key, ofTwo));
        Assert.NotNull(Open(two, Key, ofOne));
    }

    [Fact]
    public void After_some_time_another_key_is_made_and_items_of_the_old_one_are_still_read()
    {
        ItemSeal seal = _rig.NewSeal();
        byte[] old = Sealed(seal, Key, 1);
        _rig.Time.Advance(DataKeys.SealingTime - TimeSpan.FromSeconds(1));
        Assert.Equal(WrappedOf(old), WrappedOf(Sealed(seal, Key, 1)));

        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        byte[] later = Sealed(seal, Key, 2);

        Assert.NotEqual(WrappedOf(old), WrappedOf(later));
        Assert.NotNull(Open(seal, Key, old));
        Assert.NotNull(Open(_rig.NewSeal(), Key, old));
        Assert.NotNull(Open(_rig.NewSeal(), Key, later));
    }

    [Fact]
    public void After_a_number_of_items_another_key_is_made()
    {
        ItemSeal seal = _rig.NewSeal(_rig.NewKeys(maxItems: 3));

        string[] keys = [.. Enumerable.Range(0, 7).Select(_ => WrappedOf(Sealed(seal, Key, 1)))];

        Assert.Equal(3, keys.Distinct().Count());
        Assert.All(keys.GroupBy(static k => k), static group => Assert.InRange(group.Count(), 1, 3));
    }

    [Fact]
    public void A_revoked_key_is_believed_no_longer_than_its_time_and_its_writer_takes_another()
    {
        (ItemSeal writer, ItemSeal reader) = (_rig.NewSeal(), _rig.NewSeal());
        byte[] item = Sealed(writer, Key, 1);
        Assert.NotNull(Open(reader, Key, item));
        _rig.Ring.Revoke();

        _rig.Time.Advance(DataKeys.TrustTime - TimeSpan.FromSeconds(1));
        Assert.NotNull(Open(reader, Key, item));
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Open(reader, Key, item));

        byte[] later = Sealed(writer, Key, 2);
        Assert.Null(Open(writer, Key, item));
        Assert.NotEqual(WrappedOf(item), WrappedOf(later));
        Assert.NotNull(Open(reader, Key, later));
    }

    [Fact]
    public void Use_does_not_prolong_the_time_for_which_a_key_is_believed()
    {
        (ItemSeal writer, ItemSeal reader) = (_rig.NewSeal(), _rig.NewSeal());
        byte[] item = Sealed(writer, Key, 1);
        Assert.NotNull(Open(reader, Key, item));
        _rig.Ring.Revoke();
        for (TimeSpan passed = TimeSpan.FromMinutes(1); passed < DataKeys.TrustTime; passed += TimeSpan.FromMinutes(1))
        {
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
            Flood(reader, DataKeys.Capacity / 2); // so that it moves from one half of the memory to the other
            Assert.NotNull(Open(reader, Key, item));
        }

        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(Open(reader, Key, item));
    }

    [Fact]
    public void A_key_that_cannot_be_unwrapped_is_tried_once_in_a_while_only()
    {
        ItemSeal reader = _rig.NewSeal();
        byte[] forged = Sealed(new SealRig().NewSeal(), Key, 1);
        for (int i = 0; i < 100; i++)
        {
            Assert.Null(Open(reader, Key, forged));
        }

        Assert.Equal(1, _rig.Ring.Unprotects);
        _rig.Time.Advance(DataKeys.DistrustTime);
        Assert.Null(Open(reader, Key, forged));
        Assert.Equal(2, _rig.Ring.Unprotects);
    }

    [Fact]
    public void A_flood_of_forged_keys_takes_bounded_memory_and_pushes_out_none_that_is_in_use()
    {
        DataKeys keys = _rig.NewKeys();
        (ItemSeal writer, ItemSeal reader) = (_rig.NewSeal(), _rig.NewSeal(keys));
        byte[] item = Sealed(writer, Key, 1);
        Assert.NotNull(Open(reader, Key, item));

        Flood(reader, 3 * DataKeys.Capacity);

        Assert.InRange(keys.Remembered, 2, DataKeys.Capacity + 1);
        int before = _rig.Ring.Unprotects;
        Assert.NotNull(Open(reader, Key, item));
        Assert.Equal(before, _rig.Ring.Unprotects);
    }

    [Fact]
    public void Many_keys_that_are_good_take_bounded_memory_too()
    {
        DataKeys keys = _rig.NewKeys();
        ItemSeal reader = _rig.NewSeal(keys);
        for (int i = 0; i < 2 * DataKeys.Capacity; i++)
        {
            Assert.NotNull(Open(reader, Key, Sealed(_rig.NewSeal(), Key, 1)));
        }

        Assert.InRange(keys.Remembered, 1, DataKeys.Capacity);
    }

    [Fact]
    public void While_Data_Protection_fails_nothing_is_sealed_it_is_asked_seldom_and_told_once_a_minute()
    {
        _rig.Ring.IsDown = true;
        DataKeys keys = _rig.NewKeys();
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(keys.Current(out Exception? error));
            Assert.IsType<CryptographicException>(error);
        }

        Assert.Equal((1, 1), (_rig.Ring.Protects, _rig.Log.Count(16)));
        _rig.Time.Advance(DataKeys.RetryTime);
        Assert.Null(keys.Current(out _));
        Assert.Equal((2, 1), (_rig.Ring.Protects, _rig.Log.Count(16)));

        _rig.Ring.IsDown = false;
        _rig.Time.Advance(DataKeys.RetryTime);
        Assert.NotNull(keys.Current(out Exception? none));
        Assert.Null(none);
    }

    [Theory]
    [InlineData(SealedFormat.MaxWrappedKeySize, true)]
    [InlineData(SealedFormat.MaxWrappedKeySize + 1, false)]
    public void A_wrapped_key_has_a_largest_size(int size, bool isTaken)
    {
        _rig.Ring.WrappedSize = size;

        Assert.Equal(isTaken, _rig.NewKeys().Current(out Exception? error) is not null);
        Assert.Equal(isTaken, error is null);
    }

    [Fact]
    public void What_unwraps_to_something_that_is_no_key_is_none()
    {
        byte[] wrapped = ItemSeal.ProtectorOf(_rig.Ring).Protect(new byte[31]);

        Assert.Null(_rig.NewKeys().Find(wrapped));
    }

    [Fact]
    public void What_is_protected_for_another_purpose_is_no_key()
    {
        byte[] wrapped = _rig.Ring.CreateProtector("another").Protect(new byte[DataKey.Size]);

        Assert.Null(_rig.NewKeys().Find(wrapped));
    }

    [Fact]
    public async Task Many_threads_seal_and_open_at_once()
    {
        (ItemSeal writer, ItemSeal reader) = (_rig.NewSeal(_rig.NewKeys(maxItems: 50)), _rig.NewSeal());
        await Parallel.ForAsync(0, 2000, TestContext.Current.CancellationToken, (i, _) =>
        {
            byte[] value = BitConverter.GetBytes(i);
            Assert.Equal(Plain(Item(Key, value)), Open(reader, Key, Sealed(writer, Key, value)));
            return ValueTask.CompletedTask;
        });

        Assert.Equal(0, _rig.Pool.Open);
    }

    private static void Flood(ItemSeal reader, int count)
    {
        byte[] item = Sealed(new SealRig().NewSeal(), Key, 1);
        for (int i = 0; i < count; i++)
        {
            RandomNumberGenerator.Fill(item.AsSpan(3, 16));
            Assert.Null(Open(reader, Key, item));
        }
    }

    private static string WrappedOf(byte[] item) => Convert.ToHexString(item.AsSpan(3, 132));
}
