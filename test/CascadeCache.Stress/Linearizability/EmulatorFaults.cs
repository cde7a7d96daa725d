using System.Collections.Concurrent;
using CascadeCache.Emulators;
using Grpc.Core;

namespace CascadeCache.Stress.Linearizability;

/// <summary>What goes wrong in the Datastore emulator: refusals, answers that are lost, work and answers that come late. Thread-safe.</summary>
/// <remarks>
/// UNAVAILABLE and ABORTED are given for what was not done, as the service does; a code that leaves the outcome open, for what was done as well. No call is executed
/// later than <see cref="Scale.LongestLateness"/> after it came, whether or not its client still waits.
/// </remarks>
internal sealed class EmulatorFaults(Random random)
{
    private const double Share = 0.04;
    private static readonly StatusCode[] NotDone = [StatusCode.Unavailable, StatusCode.Aborted];
    private static readonly StatusCode[] OutcomeOpen = [StatusCode.DeadlineExceeded, StatusCode.Internal, StatusCode.Unknown];

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public bool HasErrors { get; set; }

    public bool IsLate { get; set; }

    /// <summary>What was made since the last time it was asked.</summary>
    public IReadOnlyList<(string Fault, int Count)> TakeCounts()
    {
        var taken = new List<(string, int)>();
        foreach (string fault in _counts.Keys)
        {
            if (_counts.TryRemove(fault, out int count))
            {
                taken.Add((fault, count));
            }
        }

        return taken;
    }

    public async ValueTask OnCallAsync(DatastoreFaultPoint point, CancellationToken cancellationToken)
    {
        bool isDone = point.Phase == DatastoreFaultPhase.After;
        if (HasErrors && Draw() < Share)
        {
            StatusCode code = Pick(isDone ? OutcomeOpen : [.. NotDone, .. OutcomeOpen]);
            Count($"{point.Method}: {code}, {(isDone ? "done" : "not done")}");
            throw new DatastoreFaultException(code, "Injected.");
        }

        if (IsLate && Draw() < Share)
        {
            Count($"{point.Method}: late {(isDone ? "answer" : "execution")}");
            long since = TimeProvider.System.GetTimestamp();

            // The client's giving up does not stop a request that the service has.
            await Task.Delay(Scale.LongestLateness * Draw(), TimeProvider.System, CancellationToken.None);
            if (!isDone && TimeProvider.System.GetElapsedTime(since) > Scale.LongestLateness + Scale.LongestDelay)
            {
                throw new DatastoreFaultException(StatusCode.Unavailable, "The machine was too busy to keep to the lateness that the protocol assumes.");
            }
        }
    }

    private double Draw()
    {
        lock (_gate)
        {
            return random.NextDouble();
        }
    }

    private StatusCode Pick(StatusCode[] codes) => codes[(int)(Draw() * codes.Length)];

    private void Count(string fault) => _counts.AddOrUpdate(fault, 1, static (_, count) => count + 1);
}
