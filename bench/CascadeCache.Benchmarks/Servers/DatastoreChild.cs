using CascadeCache.Emulators;

namespace CascadeCache.Benchmarks.Servers;

/// <summary>The Datastore emulator, its data in memory, as a process of its own: what it computes and allocates is not the client's.</summary>
internal sealed class DatastoreChild : IDisposable
{
    public const string Command = "datastore-child";

    private readonly ChildProgram _child;

    private DatastoreChild(ChildProgram child, string host) => (_child, Host) = (child, host);

    public string Host { get; }

    public static DatastoreChild Start()
    {
        ChildProgram child = ChildProgram.Start(out string host, Command);
        return new DatastoreChild(child, host);
    }

    /// <summary>What the child does: tells where it listens, and serves until its input ends.</summary>
    public static async Task RunAsync()
    {
        await using DatastoreEmulator emulator = await DatastoreEmulator.StartAsync();
        Console.WriteLine(emulator.Host);
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    public void Dispose() => _child.Dispose();
}
