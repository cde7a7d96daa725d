using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CascadeCache.Memcache;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Tests.Memcache;

/// <summary>memcached with TLS: started with <c>-Z</c>, its certificate signed by nobody.</summary>
public sealed class EncryptedServerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("memcached");
    private readonly X509Certificate2 _certificate;

    public EncryptedServerTests()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        _certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(_folder.FullName, "chain.pem"), _certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder.FullName, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    [Fact]
    public async Task Values_small_and_large_travel_encrypted()
    {
        await using RealMemcached server = await StartAsync();
        using var client = new MemcacheFixture(
            server.Host,
            static options => options.UseTls = true,
            (_, offered, _, _) => offered!.GetCertHashString() == _certificate.GetCertHashString());

        // Writes that pile up behind each other must each end a TLS record: this server leaves unread what follows one in its record.
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => client.SetAsync($"k{i}", new string('x', i * 2000))));
        MemcacheReply[] replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => client.GetAsync($"k{i}")));

        Assert.Equal(Enumerable.Range(0, 50).Select(static i => (i * 2000) + 1), replies.Select(static r => r.Value.Length));
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusts_is_refused()
    {
        await using RealMemcached server = await StartAsync();
        using var client = new MemcacheFixture(server.Host, static options => options.UseTls = true);

        MemcacheReply reply = await client.GetAsync("k");

        Assert.Equal(MemcacheFault.NotConnected, reply.Fault);
        Assert.Contains("certificate", reply.Error!.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_client_without_TLS_gives_up_on_a_server_with_it()
    {
        await using RealMemcached server = await StartAsync();
        using var client = new MemcacheFixture(server.Host, static options => options.ConnectTimeout = TimeSpan.FromMilliseconds(200));

        Assert.Equal(MemcacheFault.NotConnected, (await client.GetAsync("k")).Fault);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task<RealMemcached> StartAsync() => RealMemcached.StartAsync(
        "-Z", "-o", $"ssl_chain_cert={Path.Combine(_folder.FullName, "chain.pem")},ssl_key={Path.Combine(_folder.FullName, "key.pem")}");
}
