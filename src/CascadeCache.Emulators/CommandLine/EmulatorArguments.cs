using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace CascadeCache.Emulators.CommandLine;

/// <summary>What the command line asks for: which emulators, where, and where the data lies.</summary>
internal sealed class EmulatorArguments
{
    public const string Usage =
        """
        Emulators of Google Cloud Datastore and memcached, for development and tests.

        Usage: CascadeCache.Emulators [--datastore HOST:PORT] [--memcached HOST:PORT] [--data DIR]

          --datastore HOST:PORT  Start the Datastore emulator there.
          --memcached HOST:PORT  Start the memcached emulator there.
                                 HOST is an IP address or localhost; port 0 takes any free port.
                                 Without either option both start, on 127.0.0.1:8081 and 127.0.0.1:11211.
          --data DIR             Keep the Datastore in DIR/datastore.db; without it in memory only.
          --help                 Show this text.

        Ends on Ctrl+C or SIGTERM. Exit codes: 0 ended on request, 1 could not start, 2 bad arguments.
        """;

    private EmulatorArguments()
    {
    }

    public IPEndPoint? Datastore { get; private set; }

    public IPEndPoint? Memcached { get; private set; }

    public string? DataDirectory { get; private set; }

    public bool ShowHelp { get; private set; }

    /// <summary>Reads the arguments; false, with a message for the user, when they make no sense.</summary>
    public static bool TryParse(
        IReadOnlyList<string> args,
        [NotNullWhen(true)] out EmulatorArguments? arguments,
        [NotNullWhen(false)] out string? error)
    {
        var parsed = new EmulatorArguments();
        arguments = null;
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] is "--help" or "-h" or "-?")
            {
                parsed.ShowHelp = true;
                continue;
            }

            error = parsed.ReadOption(args[i], i + 1 < args.Count ? args[i + 1] : null);
            if (error is not null)
            {
                return false;
            }

            i++;
        }

        error = parsed.Complete();
        arguments = error is null ? parsed : null;
        return error is null;
    }

    private string? ReadOption(string name, string? value)
    {
        if (name is not ("--datastore" or "--memcached" or "--data"))
        {
            return $"Unknown argument '{name}'.";
        }

        if (string.IsNullOrEmpty(value) || value.StartsWith("--", StringComparison.Ordinal))
        {
            return $"{name} needs a value.";
        }

        if (name == "--data")
        {
            var repeated = DataDirectory is not null;
            DataDirectory = value;
            return repeated ? Repeated(name) : null;
        }

        if (!TryParseEndPoint(value, out var endPoint))
        {
            return $"{name} needs HOST:PORT with an IP address or localhost and a port from 0 to 65535, not '{value}'.";
        }

        var given = name == "--datastore" ? Datastore : Memcached;
        Datastore = name == "--datastore" ? endPoint : Datastore;
        Memcached = name == "--memcached" ? endPoint : Memcached;
        return given is null ? null : Repeated(name);
    }

    private string? Complete()
    {
        if (Datastore is null && Memcached is null)
        {
            Datastore = new IPEndPoint(IPAddress.Loopback, 8081);
            Memcached = new IPEndPoint(IPAddress.Loopback, 11211);
        }

        return DataDirectory is not null && Datastore is null ? "--data is for the Datastore emulator: give --datastore too." : null;
    }

    private static string Repeated(string name) => $"{name} is given twice.";

    private static bool TryParseEndPoint(string text, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        const string Localhost = "localhost:";
        if (text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase))
        {
            text = $"{IPAddress.Loopback}:{text[Localhost.Length..]}";
        }

        // An address alone parses too, as port 0; an unbracketed IPv6 address has colons, but no port.
        endPoint = null;
        var colon = text.LastIndexOf(':');
        var hasPort = colon > 0 && colon + 1 < text.Length && text.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0;
        return hasPort
            && (text[colon - 1] == ']' || !text.AsSpan(0, colon).Contains(':'))
            && IPEndPoint.TryParse(text, out endPoint);
    }
}
