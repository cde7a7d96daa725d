using BenchmarkDotNet.Running;
using CascadeCache.Benchmarks;
using CascadeCache.Benchmarks.EndToEnd;
using CascadeCache.Benchmarks.Load;
using CascadeCache.Benchmarks.Servers;

switch (args)
{
    case [LoadCommand.Name, .. string[] rest]:
        return LoadCommand.Run(rest);
    case [EndToEndCommand.Name, .. string[] rest]:
        return EndToEndCommand.Run(rest);
    case [SessionApp.Command, .. string[] rest]:
        await SessionApp.RunAsync(rest);
        return 0;
    case [LoadGenerator.Command]:
        await LoadGenerator.RunAsync();
        return 0;
    case [DatastoreChild.Command]:
        await DatastoreChild.RunAsync();
        return 0;
    case [DeadMemcached.Argument]:
        await DeadMemcached.RunAsync();
        return 0;
    case [Allocations.Argument]:
        Allocations.Run();
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
}
