using System.Net;

namespace CascadeCache.Emulators;

/// <summary>How a <see cref="MemcachedEmulator"/> listens, how much it keeps and whose clock it follows.</summary>
public sealed class MemcachedEmulatorOptions
{
    /// <summary>The address to listen on. Default: <see cref="IPAddress.Loopback"/>. There is no authentication: keep it local.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The TCP port, 0 to 65535. Default: 0, any free port (see <see cref="MemcachedEmulator.Host"/>).</summary>
    public int Port { get; set; }

    /// <summary>
    /// The bytes all items together may take, item headers included (57 bytes, the key, and 2 or 6 more). Default: 64 MiB.
    /// Beyond it the least recently used items are evicted. At least <see cref="MaxItemBytes"/>.
    /// </summary>
    public long MaxMemoryBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>
    /// The bytes one item may take, its header included: the server's <c>item_size_max</c>. Default: 1 MiB; 1 KiB to 128 MiB.
    /// A value therefore has at most this minus 59 minus its key length (minus 4 more with client flags).
    /// </summary>
    public int MaxItemBytes { get; set; } = 1024 * 1024;

    /// <summary>The clock of all lifetimes. Default: <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// How long the server claims to have been running already when it starts, in whole seconds. Default: zero, which <c>stats</c>
    /// reports as an uptime of 2, like a real server. A client that does not trust a fresh server's contents may use an
    /// emulator with an older one at once. Not negative, at most ten years.
    /// </summary>
    public TimeSpan InitialUptime { get; set; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Address);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentOutOfRangeException.ThrowIfNegative(Port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Port, IPEndPoint.MaxPort);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxItemBytes, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxItemBytes, 128 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMemoryBytes, MaxItemBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(InitialUptime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(InitialUptime, TimeSpan.FromDays(3660));
    }
}
