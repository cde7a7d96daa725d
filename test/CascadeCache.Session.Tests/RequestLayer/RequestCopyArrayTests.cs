using System.Buffers;
using Xunit.Sdk;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>Arrays that a caller gives or gets are its own: what it does to them later changes no copy.</summary>
public sealed class RequestCopyArrayTests
{
    [Theory]
    [InlineData(Defect.None)]
    [InlineData(Defect.SharesArrays)]
    public async Task No_caller_can_change_a_copy(Defect defect)
    {
        var rig = new LayerRig(defect);
        if (defect == Defect.None)
        {
            await ChangeArraysAsync(rig);
        }
        else
        {
            await Assert.ThrowsAnyAsync<XunitException>(() => ChangeArraysAsync(rig));
        }
    }

    [Fact]
    public async Task Memory_that_is_used_again_after_a_write_is_not_the_copys()
    {
        var rig = new LayerRig();
        rig.Begin();
        byte[] rented = [.. "abc"u8];
        await rig.Buffers.SetAsync("k", new ReadOnlySequence<byte>(rented), LayerRig.Options, LayerRig.Token);
        rented.AsSpan().Fill((byte)'x');
        Assert.Equal("abc", await rig.ReadAsync());

        rented = [.. "def"u8];
        rig.Buffers.Set("k", new ReadOnlySequence<byte>(rented), LayerRig.Options);
        rented.AsSpan().Fill((byte)'x');
        Assert.Equal("def", await rig.ReadAsync());
    }

    private static async Task ChangeArraysAsync(LayerRig rig)
    {
        rig.Begin();
        byte[] given = LayerRig.Bytes("abc");
        await rig.Layer.SetAsync("k", given, LayerRig.Options, LayerRig.Token);
        given[0] = (byte)'x';
        Assert.Equal("abc", await rig.ReadAsync());
        (await rig.Layer.GetAsync("k", LayerRig.Token))![0] = (byte)'x';
        rig.Layer.Get("k")![1] = (byte)'x';
        Assert.Equal("abc", await rig.ReadAsync());

        VersionedValue found = await rig.Layer.GetVersionedAsync("k", LayerRig.Token);
        found.Value![0] = (byte)'x';
        rig.Layer.GetVersioned("k").Value![0] = (byte)'x';
        Assert.Equal("abc", await rig.ReadAsync());
        given = LayerRig.Bytes("def");
        CacheVersion? version = await rig.Layer.TrySetAsync("k", given, found.Version, LayerRig.Options, LayerRig.Token);
        given[0] = (byte)'x';
        Assert.Equal("def", await rig.ReadAsync());
        given = LayerRig.Bytes("ghi");
        rig.Layer.TrySet("k", given, version!.Value, LayerRig.Options);
        given[0] = (byte)'x';
        Assert.Equal("ghi", await rig.ReadAsync());
    }
}
