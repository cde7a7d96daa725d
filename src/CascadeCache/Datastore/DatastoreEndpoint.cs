using System.Globalization;

namespace CascadeCache.Datastore;

/// <summary>
/// Where Datastore is: the service, always over TLS and with credentials, or an emulator, always without either. Nothing here connects.
/// </summary>
/// <remarks>
/// The options win over the environment: an endpoint or a credential in them means the service, whatever <c>DATASTORE_EMULATOR_HOST</c> says.
/// </remarks>
internal sealed record DatastoreEndpoint(string Host, int Port, bool IsEmulator)
{
    public const string EmulatorHostVariable = "DATASTORE_EMULATOR_HOST";

    private const string DefaultHost = "datastore.googleapis.com";
    private const int TlsPort = 443;

    /// <summary>The address for the channel.</summary>
    public Uri Address => new UriBuilder(IsEmulator ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, Host, Port).Uri;

    /// <summary><c>host:port</c>, for people.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    /// <summary>Every fault that the options have here; empty if there is none.</summary>
    public static IReadOnlyList<string> Faults(DatastoreOptions options, Func<string, string?> environment)
    {
        var faults = new List<string>();
        _ = Find(options, environment, faults);
        return faults;
    }

    /// <summary>The endpoint that the options and the environment name.</summary>
    /// <exception cref="CascadeCacheException">They name none; the message lists the faults.</exception>
    public static DatastoreEndpoint Resolve(DatastoreOptions options, Func<string, string?> environment)
    {
        var faults = new List<string>();
        return Find(options, environment, faults) is { } endpoint && faults.Count == 0
            ? endpoint
            : throw new CascadeCacheException(string.Join(" ", faults));
    }

    private static DatastoreEndpoint? Find(DatastoreOptions options, Func<string, string?> environment, List<string> faults)
    {
        if (options.EmulatorHost is { } emulator)
        {
            if (options.Endpoint is not null)
            {
                faults.Add("Datastore.EmulatorHost and Datastore.Endpoint are both set; set one of them.");
            }

            if (options.Credential is not null)
            {
                faults.Add("Datastore.EmulatorHost and Datastore.Credential are both set; an emulator is spoken to without credentials.");
            }

            return ParseEmulator(emulator, "Datastore.EmulatorHost", faults);
        }

        if (options.Endpoint is { } service)
        {
            return ParseService(service, faults);
        }

        string? variable = environment(EmulatorHostVariable);
        return options.Credential is null && !string.IsNullOrWhiteSpace(variable)
            ? ParseEmulator(variable, "The environment variable " + EmulatorHostVariable, faults)
            : new DatastoreEndpoint(DefaultHost, TlsPort, IsEmulator: false);
    }

    // Other clients strip a scheme from an emulator's address, whichever it is; so tools set it with one.
    private static DatastoreEndpoint? ParseEmulator(string text, string source, List<string> faults)
    {
        if (Parse(WithoutScheme(text)) is { Port: > 0 } address)
        {
            return new DatastoreEndpoint(address.Host, address.Port, IsEmulator: true);
        }

        faults.Add($"{source} is \"{text}\"; it must be host:port, such as 127.0.0.1:8081.");
        return null;
    }

    private static DatastoreEndpoint? ParseService(string text, List<string> faults)
    {
        if (text.Trim().StartsWith("http:", StringComparison.OrdinalIgnoreCase))
        {
            faults.Add($"Datastore.Endpoint is \"{text}\"; the service is spoken to over TLS only. Use https, or Datastore.EmulatorHost for an emulator.");
            return null;
        }

        if (Parse(WithoutScheme(text)) is { } address)
        {
            return new DatastoreEndpoint(address.Host, address.Port > 0 ? address.Port : TlsPort, IsEmulator: false);
        }

        faults.Add($"Datastore.Endpoint is \"{text}\"; it must be host, host:port or an https address without a path, such as {DefaultHost}:443.");
        return null;
    }

    private static string WithoutScheme(string text)
    {
        text = text.Trim();
        foreach (string scheme in (ReadOnlySpan<string>)["http://", "https://"])
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                return text[scheme.Length..].TrimEnd('/');
            }
        }

        return text.TrimEnd('/');
    }

    /// <summary>Port 0: none was given.</summary>
    private static (string Host, int Port)? Parse(string text)
    {
        int bracket = text.LastIndexOf(']');
        int colon = text.LastIndexOf(':');
        string host = text;
        int port = 0;
        if (colon > bracket)
        {
            host = text[..colon];
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > ushort.MaxValue)
            {
                return null;
            }
        }

        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        UriHostNameType type = Uri.CheckHostName(isBracketed ? host[1..^1] : host);
        bool isHost = isBracketed ? type == UriHostNameType.IPv6 : type is UriHostNameType.Dns or UriHostNameType.IPv4;
        return isHost ? (host, port) : null;
    }
}
