using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace CascadeCache.Emulators.CommandLine;

/// <summary>The command: starts what the arguments ask for, says where it listens, and keeps it until it is told to end.</summary>
internal static class EmulatorCommand
{
    private const int Ended = 0;
    private const int CouldNotStart = 1;
    private const int BadArguments = 2;

    /// <summary>Runs until <paramref name="ending"/> is cancelled; returns the exit code.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter output, TextWriter errors, CancellationToken ending)
    {
        if (!EmulatorArguments.TryParse(args, out var arguments, out var error))
        {
            await errors.WriteLineAsync($"{error} See --help.").ConfigureAwait(false);
            return BadArguments;
        }

        if (arguments.ShowHelp)
        {
            await output.WriteLineAsync(EmulatorArguments.Usage).ConfigureAwait(false);
            return Ended;
        }

        var running = new Stack<IAsyncDisposable>();
        try
        {
            if (!await StartAllAsync(arguments, running, output, errors, ending).ConfigureAwait(false))
            {
                return CouldNotStart;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Ended;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return Ended;
        }
        finally
        {
            while (running.TryPop(out var emulator))
            {
                await emulator.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static async Task<bool> StartAllAsync(
        EmulatorArguments arguments, Stack<IAsyncDisposable> running, TextWriter output, TextWriter errors, CancellationToken ending)
    {
        if (arguments.Memcached is { } memcached
            && !await StartAsync("memcached", memcached, StartMemcachedAsync, running, output, errors).ConfigureAwait(false))
        {
            return false;
        }

        return arguments.Datastore is not { } datastore
            || await StartAsync("Datastore", datastore, StartDatastoreAsync, running, output, errors).ConfigureAwait(false);

        async Task<(IAsyncDisposable, string)> StartDatastoreAsync()
        {
            string? file = arguments.DataDirectory is { } directory ? Path.Combine(Directory.CreateDirectory(directory).FullName, "datastore.db") : null;
            var options = new DatastoreEmulatorOptions { Address = datastore.Address, Port = datastore.Port, DataFile = file };
            var emulator = await DatastoreEmulator.StartAsync(options, ending).ConfigureAwait(false);
            return (emulator, file is null ? emulator.Host + " (data in memory)" : $"{emulator.Host} (data in {file})");
        }

        async Task<(IAsyncDisposable, string)> StartMemcachedAsync()
        {
            var options = new MemcachedEmulatorOptions { Address = memcached.Address, Port = memcached.Port };
            var emulator = await MemcachedEmulator.StartAsync(options, ending).ConfigureAwait(false);
            return (emulator, emulator.Host);
        }
    }

    private static async Task<bool> StartAsync(
        string name,
        IPEndPoint where,
        Func<Task<(IAsyncDisposable Emulator, string Description)>> start,
        Stack<IAsyncDisposable> running,
        TextWriter output,
        TextWriter errors)
    {
        try
        {
            var (emulator, description) = await start().ConfigureAwait(false);
            running.Push(emulator);
            await output.WriteLineAsync($"{name} emulator listening on {description}").ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            var reason = IsTaken(e) ? "the port is already in use" : e.Message;
            await errors.WriteLineAsync($"The {name} emulator cannot start on {where}: {reason}.").ConfigureAwait(false);
            return false;
        }
    }

    private static bool IsTaken(Exception? e) =>
        e is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
        || (e is not null && IsTaken(e.InnerException));
}
