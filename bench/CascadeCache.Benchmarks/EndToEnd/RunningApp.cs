using CascadeCache.Benchmarks.Load;
using CascadeCache.Benchmarks.Load.Experiments;
using CascadeCache.Benchmarks.Servers;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>The application over one cache, in a process of its own, ended when disposed.</summary>
internal sealed class RunningApp : IDisposable
{
    private readonly ChildProgram _child;

    private RunningApp(SessionSetup setup, ChildProgram child, string address) => (Setup, _child, Address) = (setup, child, address);

    public SessionSetup Setup { get; }

    public string Address { get; }

    public string Name => SessionSetups.NameOf(Setup);

    public SubjectFamily Family => Setup switch
    {
        SessionSetup.None => SubjectFamily.Limit,
        SessionSetup.Memory => SubjectFamily.Memory,
        SessionSetup.Redis => SubjectFamily.Redis,
        _ => SubjectFamily.CascadeCache,
    };

    public static RunningApp Start(SessionSetup setup, bool loadsAsync, LoadServers servers)
    {
        ChildProgram child = ChildProgram.Start(
            out string address, SessionApp.Command, setup.ToString(), loadsAsync ? "async" : "sync", servers.Memcached.Host, servers.Redis.Host, servers.Datastore.Host);
        return new RunningApp(setup, child, address);
    }

    public ProcessUsage Usage() => ProcessUsage.FromText(_child.Ask(SessionApp.Usage));

    public void Dispose() => _child.Dispose();
}
