using System.Globalization;
using System.Net;
using CascadeCache;
using Microsoft.Extensions.Options;

namespace WebSession;

/// <summary>A setting that the application cannot work with. The message is for the person who gave it.</summary>
internal sealed class BadSettingException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>What the sample itself is told, by command line, environment or settings file; the cache's own options are in the section "CascadeCache".</summary>
internal sealed record Settings
{
    private const string EmulatorHostVariable = "DATASTORE_EMULATOR_HOST";
    private static readonly string[] ProjectVariables = ["DATASTORE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"];

    /// <summary>The folder for the keys of the session cookie and the Datastore emulator's file. <c>--data</c>, by default <c>data</c> where the program is started.</summary>
    public required string Data { get; init; }

    /// <summary>The port of the memcached emulator, 0 for a free one. <c>--memcached-port</c>.</summary>
    public required int MemcachedPort { get; init; }

    /// <summary>The port of the Datastore emulator, 0 for a free one. <c>--datastore-port</c>.</summary>
    public required int DatastorePort { get; init; }

    /// <summary>Whether a memcached server is named.</summary>
    public required bool HasMemcached { get; init; }

    /// <summary>Whether a Datastore is named: an emulator, a project or an endpoint.</summary>
    public required bool HasDatastore { get; init; }

    public static Settings Read(IConfiguration configuration)
    {
        IConfigurationSection cache = configuration.GetSection("CascadeCache");
        string?[] datastore =
        [
            Environment.GetEnvironmentVariable(EmulatorHostVariable), cache["Datastore:EmulatorHost"], cache["Datastore:ProjectId"], cache["Datastore:Endpoint"],
        ];
        return new Settings
        {
            Data = ReadFolder(configuration["data"] ?? "data"),
            MemcachedPort = ReadPort(configuration, "memcached-port"),
            DatastorePort = ReadPort(configuration, "datastore-port"),
            HasMemcached = cache.GetSection("Memcache:Servers").GetChildren().Any(),
            HasDatastore = !datastore.All(string.IsNullOrWhiteSpace),
        };
    }

    /// <summary>Finds every fault of the cache's options before anything is served.</summary>
    public static void Check(IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (Exception e) when (e is InvalidOperationException or OptionsValidationException)
        {
            throw new BadSettingException("The section CascadeCache cannot be used. " + e.Message, e);
        }
    }

    /// <summary>The project to use with an emulator, which accepts any name: the one that is given, else the same in every instance.</summary>
    public static void SetEmulatorProject(DatastoreOptions options)
    {
        bool isEmulator = options.EmulatorHost is not null
            || (options.Endpoint is null && !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(EmulatorHostVariable)));
        if (isEmulator && ProjectVariables.All(static name => string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(name))))
        {
            options.ProjectId ??= "web-session";
        }
    }

    private static string ReadFolder(string text) =>
        string.IsNullOrWhiteSpace(text) ? throw new BadSettingException("--data is empty: expected a folder.") : Path.GetFullPath(text);

    private static int ReadPort(IConfiguration configuration, string name)
    {
        string text = configuration[name] ?? "0";
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= IPEndPoint.MaxPort
            ? port
            : throw new BadSettingException($"--{name} is '{text}': expected a port from 0 (any free one) to {IPEndPoint.MaxPort}.");
    }
}
