global using Servers = CascadeCache.TestKit.Processes.TestServers;

[assembly: AssemblyFixture(typeof(Servers))]
