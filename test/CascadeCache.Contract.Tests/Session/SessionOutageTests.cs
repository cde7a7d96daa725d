using System.Globalization;
using CascadeCache.Emulators;
using CascadeCache.TestKit.Processes;
using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache.Contract.Tests.Session;

/// <summary>A session of a stock application on two servers, while the stores beneath it are killed and come back.</summary>
public sealed class SessionOutageTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("sessions");

    [Fact]
    public async Task Nothing_is_lost_when_memcached_is_killed_and_Datastore_restarts_from_its_file()
    {
        await using RealMemcached memcached = await RealMemcached.StartAsync();
        DatastoreEmulator datastore = await StartDatastoreAsync(port: 0);
        int port = new Uri("http://" + datastore.Host).Port;
        try
        {
            var protector = new EphemeralDataProtectionProvider();
            await using SessionHost one = await StartAsync(memcached, datastore, protector);
            await using SessionHost other = await StartAsync(memcached, datastore, protector);
            using HttpClient browser = SessionHost.NewBrowser();
            int count = 0;
            await CountOnBothAsync();

            memcached.Kill();
            await CountOnBothAsync();

            await datastore.DisposeAsync();
            datastore = await StartDatastoreAsync(port);
            await CountOnBothAsync();

            await memcached.StartAgainAsync();
            await CountOnBothAsync();

            async Task CountOnBothAsync()
            {
                foreach (SessionHost host in (SessionHost[])[one, other, other, one])
                {
                    count++;
                    Assert.Equal(count.ToString(CultureInfo.InvariantCulture), await host.GetAsync(browser, "/count"));
                }
            }
        }
        finally
        {
            await datastore.DisposeAsync();
        }
    }

    public void Dispose() => _data.Delete(recursive: true);

    private static Task<SessionHost> StartAsync(RealMemcached memcached, DatastoreEmulator datastore, IDataProtectionProvider protector) => SessionHost.StartAsync(
        options =>
        {
            options.Memcache.Servers.Add(memcached.Host);
            options.Datastore.EmulatorHost = datastore.Host;
            options.Datastore.ProjectId = "session";
        },
        protector);

    private Task<DatastoreEmulator> StartDatastoreAsync(int port) =>
        DatastoreEmulator.StartAsync(new DatastoreEmulatorOptions { Port = port, DataFile = Path.Combine(_data.FullName, "datastore.db") });
}
