using System.Diagnostics;
using System.Runtime.CompilerServices;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Contract.Tests.Outages;

/// <summary>This test assembly started once more: with the variable set it runs <see cref="StarvedReads"/>, before any test could run, and prints the result.</summary>
/// <remarks>What runs there is in another assembly, because this one's threads would wait for its initializer.</remarks>
internal static class StarvedProcess
{
    private const string Variable = "CASCADECACHE_TEST_STARVED_READS";

    public static Process Start(string memcached, string datastore, string key, bool mayGrow)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(StarvedProcess).Assembly.Location);
        }

        start.Environment[Variable] = string.Join('|', memcached, datastore, key, mayGrow);
        return Process.Start(start)!;
    }

#pragma warning disable CA2255 // The test framework owns Main, so this is the only place that runs before it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } variable)
        {
            string[] words = variable.Split('|');
            Console.Out.WriteLine(StarvedReads.Run(words[0], words[1], words[2], bool.Parse(words[3])));
            Console.Out.Flush();
            Environment.Exit(0);
        }
    }
}
