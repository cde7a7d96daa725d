namespace CascadeCache.Benchmarks.Load;

/// <summary>How far a turn is. Set by the runner alone, read by every caller on each call.</summary>
internal sealed class LoadPhase
{
    private volatile bool _isMeasured;
    private volatile bool _isOver;

    /// <summary>Calls that end now count.</summary>
    public bool IsMeasured => _isMeasured;

    /// <summary>No call begins any more.</summary>
    public bool IsOver => _isOver;

    public void Measure() => _isMeasured = true;

    public void StopMeasuring() => _isMeasured = false;

    public void End() => _isOver = true;
}
