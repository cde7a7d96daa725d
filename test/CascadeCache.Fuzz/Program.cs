using CascadeCache.Fuzz;
using CascadeCache.Fuzz.Engine;

if (!FuzzArguments.TryParse(args, out FuzzArguments? arguments, out string? fault))
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(FuzzArguments.Usage);
    return 2;
}

return new FuzzCommand(arguments, Console.Out).Run() ? 0 : 1;
