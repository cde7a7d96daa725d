namespace CascadeCache.Emulators;

/// <summary>The two moments of a call.</summary>
public enum DatastoreFaultPhase
{
    /// <summary>The request was received and nothing was done yet.</summary>
    Before,

    /// <summary>The call succeeded in the store and its answer was not sent yet. A call that the store refuses has no such moment.</summary>
    After,
}
