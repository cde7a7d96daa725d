using System.Globalization;
using CascadeCache.Stress.Processes;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Stress.Linearizability;

/// <summary>The Datastore emulator as a process that can be killed and started again on the same file and port. Used by one caller at a time.</summary>
internal sealed class EmulatorProcess : IAsyncDisposable
{
    private readonly string _file;
    private readonly int _seed;
    private readonly Action<string> _onLine;
    private ChildProgram? _child;
    private string _faults = "";
    private int _starts;

    private EmulatorProcess(string file, int seed, Action<string> onLine)
    {
        (_file, _seed, _onLine) = (file, seed, onLine);
        Port = RealMemcached.FreePort();
    }

    public int Port { get; }

    public static async Task<EmulatorProcess> StartAsync(string file, int seed, Action<string> onLine)
    {
        var emulator = new EmulatorProcess(file, seed, onLine);
        await emulator.StartAgainAsync();
        return emulator;
    }

    public async Task StartAgainAsync()
    {
        _starts++;
        _child = await ChildProgram.StartAsync(_onLine, EmulatorCommand.Name, Text(Port), _file, Text(unchecked((_seed * 17) + _starts) & int.MaxValue));
        await _child.SendAsync(_faults);
    }

    /// <summary>Switches the faults that the emulator makes itself; they stay on over a restart.</summary>
    public async Task SetFaultsAsync(string faults)
    {
        _faults = faults;
        if (_child is { } child)
        {
            await child.SendAsync(faults);
        }
    }

    public async Task KillAsync()
    {
        if (_child is { } child)
        {
            _child = null;
            await child.DisposeAsync();
        }
    }

    /// <summary>Ends it in order, so that it tells what faults it has made since it was last started.</summary>
    public Task StopAsync() => _child!.StopAsync();

    public async ValueTask DisposeAsync() => await KillAsync();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
