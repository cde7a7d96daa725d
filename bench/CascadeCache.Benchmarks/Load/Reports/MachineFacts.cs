using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>What a reader of numbers has to know of where they were taken. Names no machine.</summary>
internal static class MachineFacts
{
    public static string Markdown() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        - Machine: {Processor()}, {Environment.ProcessorCount} logical processors, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30)} GiB; {RuntimeInformation.OSDescription}. Load average at the start: {Load()}.
        - Runtime: {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}, {(GCSettings.IsServerGC ? "server" : "workstation")} GC.
        - Servers on loopback, on the same processors: {FirstLine("memcached", "-V")} (2 threads each); {FirstLine("redis-server", "--version")}; the Datastore emulator, in a process of its own.

        """);

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor"
        : "unknown processor";

    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown";

    private static string FirstLine(string program, string argument)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true })!;
            string line = process.StandardOutput.ReadLine() ?? program;
            process.WaitForExit();
            return line;
        }
        catch (Win32Exception)
        {
            return program + " is missing";
        }
    }
}
