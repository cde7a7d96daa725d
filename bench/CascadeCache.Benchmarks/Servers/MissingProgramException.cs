namespace CascadeCache.Benchmarks.Servers;

/// <summary>The machine lacks a server that a benchmark needs; the message says how to get it.</summary>
internal sealed class MissingProgramException(string program, string package, Exception cause)
    : Exception($"{program} is not installed, and this measurement needs it. On Debian: apt-get install --no-install-recommends {package}", cause);
