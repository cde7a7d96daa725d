using CascadeCache.Memcache;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Tests.Memcache;

/// <summary>memcached with a password: started with <c>-Y</c>.</summary>
public sealed class SecuredServerTests : IDisposable
{
    private readonly string _users = Path.Combine(Directory.CreateTempSubdirectory("memcached").FullName, "users");

    public SecuredServerTests() => File.WriteAllText(_users, "ann:right-word\n");

    [Fact]
    public async Task The_right_password_opens_the_server()
    {
        await using RealMemcached server = await RealMemcached.StartAsync("-Y", _users);
        using var client = new MemcacheFixture(server.Host, static options => (options.UserName, options.Password) = ("ann", "right-word"));

        MemcacheReply set = await client.SetAsync("k", "v");
        Assert.True(set.Status == MemcacheStatus.Done, set.Error?.Message);
        Assert.Equal("Hv", MemcacheFixture.Text(await client.GetAsync("k")));
    }

    [Theory]
    [InlineData("ann", "wrong", "refused user 'ann'")]
    [InlineData(null, null, "UserName and Password")]
    public async Task Without_it_the_server_is_unavailable_and_the_error_says_why(string? user, string? password, string expected)
    {
        await using RealMemcached server = await RealMemcached.StartAsync("-Y", _users);
        using var client = new MemcacheFixture(server.Host, options => (options.UserName, options.Password) = (user, password));

        MemcacheReply reply = await client.GetAsync("k");

        Assert.Equal(MemcacheFault.NotConnected, reply.Fault);
        Assert.Contains(expected, reply.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", reply.Error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_users)!, recursive: true);
}
