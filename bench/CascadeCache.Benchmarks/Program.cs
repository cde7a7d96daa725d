using BenchmarkDotNet.Running;
using CascadeCache.Benchmarks;

if (args is [DeadMemcached.Argument])
{
    await DeadMemcached.RunAsync();
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
