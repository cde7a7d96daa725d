using CascadeCache.TestKit.Processes;

[assembly: AssemblyFixture(typeof(TestServers))]
