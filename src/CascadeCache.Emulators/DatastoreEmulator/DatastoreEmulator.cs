using System.Net;
using CascadeCache.Emulators.Datastore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CascadeCache.Emulators;

/// <summary>
/// A server that speaks the Datastore API (<c>google.datastore.v1</c>, gRPC over HTTP/2 without TLS) on a local port, with the
/// versions, transactions, conflict detection, limits and error codes of the service. For development and tests. Thread-safe.
/// </summary>
public sealed class DatastoreEmulator : IAsyncDisposable
{
    // Above the 10 MiB of a commit, so that a request that is too big gets the service's own refusal.
    private const int MaxReceiveBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);
    private readonly WebApplication host;
    private readonly DatastoreEngine engine;
    private int disposed;

    private DatastoreEmulator(WebApplication host, DatastoreEngine engine, string address)
    {
        this.host = host;
        this.engine = engine;
        Host = address;
    }

    /// <summary>Where it listens, as <c>127.0.0.1:port</c>: the form that the variable DATASTORE_EMULATOR_HOST wants.</summary>
    public string Host { get; }

    /// <summary>What it has done so far.</summary>
    public DatastoreEmulatorStatistics Statistics => engine.Statistics();

    /// <summary>Starts an emulator that runs until it is disposed of.</summary>
    /// <param name="options">How it listens and stores; null for a free loopback port and data in memory.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <returns>The emulator, ready to answer.</returns>
    /// <exception cref="IOException">The address is in use, or the data file cannot be used.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit in the options is below 1.</exception>
    public static async Task<DatastoreEmulator> StartAsync(DatastoreEmulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new DatastoreEmulatorOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ResponseBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ResponseEntities, 1);
        var engine = new DatastoreEngine(OpenStore(options), options.TimeProvider, new ResponseBudget(options.ResponseBytes, options.ResponseEntities));
        var host = Build(options, engine);
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            engine.Dispose();
            throw;
        }

        return new DatastoreEmulator(host, engine, AddressOf(host));
    }

    /// <summary>Stops listening, ends the calls that are under way and closes the data file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await host.StopAsync(StopLimit).ConfigureAwait(false);
        await host.DisposeAsync().ConfigureAwait(false);
        engine.Dispose();
    }

    private static IEntityStore OpenStore(DatastoreEmulatorOptions options) =>
        options.DataFile is { } file ? new SqliteEntityStore(file) : new MemoryEntityStore();

    private static WebApplication Build(DatastoreEmulatorOptions options, DatastoreEngine engine)
    {
        // An empty builder: no configuration files, no environment and no console may change where an emulator listens or what it prints.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(new IPEndPoint(options.Address, options.Port), listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.AddRouting();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = MaxReceiveBytes;
            grpc.MaxSendMessageSize = null;
        });
        builder.Services.AddSingleton<IHostLifetime, UnattendedLifetime>();
        builder.Services.AddSingleton(engine);
        builder.Services.AddSingleton(new CallRunner(options.OnCall));
        builder.Services.AddSingleton<DatastoreService>();
        var host = builder.Build();
        host.UseRouting();
        host.MapGrpcService<DatastoreService>();
        return host;
    }

    private static string AddressOf(WebApplication host)
    {
        var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        return new Uri(addresses.Addresses.First()).Authority;
    }
}
