using System.Net;

namespace CascadeCache.Emulators;

/// <summary>How a <see cref="DatastoreEmulator"/> listens, stores and tells the time.</summary>
public sealed class DatastoreEmulatorOptions
{
    /// <summary>The address to listen on. Default: the IPv4 loopback address. The emulator has no authentication.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The port to listen on, or 0 (default) for a free one.</summary>
    public int Port { get; set; }

    /// <summary>
    /// The SQLite file that holds the data, made when absent; null (default) keeps the data in memory. A commit that was answered
    /// survives a crash of the process and of the machine. One emulator at a time can use a file.
    /// </summary>
    public string? DataFile { get; set; }

    /// <summary>The clock behind versions, read times and the expiry of transactions. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// The size in bytes at which a lookup defers its remaining keys and a query ends its batch. Default 4,000,000; at least 1. One
    /// entity always fits. Clients must ask for the rest.
    /// </summary>
    public int ResponseBytes { get; set; } = 4_000_000;

    /// <summary>The number of results at which a lookup defers its remaining keys and a query ends its batch. Default 300; at least 1.</summary>
    public int ResponseEntities { get; set; } = 300;

    /// <summary>
    /// Called before and after each call is executed, by several threads at once. It may wait, or throw
    /// <see cref="DatastoreFaultException"/>: thrown before, the call is not executed; thrown after, it was executed and only its
    /// answer is lost. Null (default) for no faults.
    /// </summary>
    public Func<DatastoreFaultPoint, CancellationToken, ValueTask>? OnCall { get; set; }
}
