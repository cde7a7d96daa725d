using System.Data.Common;
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
    private const string DataFileName = "datastore.db";

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
        return (arguments.Memcached is not { } memcached
                || await StartAsync("memcached", memcached, () => StartMemcachedAsync(memcached, ending), running, output, errors)
                    .ConfigureAwait(false))
            && (arguments.Datastore is not { } datastore
                || await StartAsync(
                    "Datastore", datastore, () => StartDatastoreAsync(datastore, arguments.DataDirectory, ending), running, output, errors)
                    .ConfigureAwait(false));
    }

    private static async Task<(IAsyncDisposable Emulator, string Description)> StartMemcachedAsync(
        IPEndPoint where, CancellationToken ending)
    {
        var options = new MemcachedEmulatorOptions { Address = where.Address, Port = where.Port };
        var emulator = await MemcachedEmulator.StartAsync(options, ending).ConfigureAwait(false);
        return (emulator, emulator.Host);
    }

    private static async Task<(IAsyncDisposable Emulator, string Description)> StartDatastoreAsync(
        IPEndPoint where, string? dataDirectory, CancellationToken ending)
    {
        string? file = null;
        if (dataDirectory is not null)
        {
            file = Path.Combine(Directory.CreateDirectory(dataDirectory).FullName, DataFileName);
        }

        var options = new DatastoreEmulatorOptions { Address = where.Address, Port = where.Port, DataFile = file };
        var emulator = await DatastoreEmulator.StartAsync(options, ending).ConfigureAwait(false);
        return (emulator, $"{emulator.Host} (data in {file ?? "memory"})");
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
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or DbException)
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
