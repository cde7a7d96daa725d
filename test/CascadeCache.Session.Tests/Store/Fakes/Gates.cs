using System.Collections.Concurrent;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>Places in requests where they wait until the test lets them go on.</summary>
internal sealed class Gates
{
    private readonly ConcurrentDictionary<string, (TaskCompletionSource Arrived, TaskCompletionSource Opened)> _gates = new();

    /// <summary>For the request: tells that it is there, and waits.</summary>
    public Task PassAsync(string name)
    {
        (TaskCompletionSource arrived, TaskCompletionSource opened) = Gate(name);
        arrived.TrySetResult();
        return opened.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>For the test: waits until the request is there.</summary>
    public Task ArrivedAsync(string name) => Gate(name).Arrived.Task.WaitAsync(TestContext.Current.CancellationToken);

    public void Open(string name) => Gate(name).Opened.TrySetResult();

    /// <summary>Lets who waits there fail.</summary>
    public void Break(string name, Exception failure) => Gate(name).Opened.TrySetException(failure);

    private (TaskCompletionSource Arrived, TaskCompletionSource Opened) Gate(string name) => _gates.GetOrAdd(name, static _ => (New(), New()));

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
