namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>What a broken variant of the copies does wrong. Each is a mistake that an implementation could make.</summary>
public enum Defect
{
    None,

    /// <summary>A read that ends puts its answer into the copy, whatever happened since it began.</summary>
    KeepsLateReads,

    /// <summary>A read within a write puts its answer into the copy.</summary>
    KeepsReadsDuringWrites,

    /// <summary>Of two writes the one that answers last leaves the copy.</summary>
    KeepsTheLastAnswer,

    /// <summary>A write leaves a copy while another one is under way.</summary>
    KeepsWritesDuringWrites,

    /// <summary>A write leaves a copy whether it was done or not.</summary>
    KeepsFailedWrites,

    /// <summary>Callers get the copies' own arrays, and the copies theirs.</summary>
    SharesArrays,
}

/// <summary>The copies as a broken implementation would keep them: a race test that does not catch it tests nothing.</summary>
internal sealed class BrokenCopies(Defect defect) : RequestCopies
{
    public override byte[]? Cloned(byte[]? value) => defect == Defect.SharesArrays ? value : base.Cloned(value);

    protected override bool MayKeep(KeyCopy copy, long stamp) => defect switch
    {
        Defect.KeepsLateReads => copy.WritesUnderWay == 0,
        Defect.KeepsReadsDuringWrites => copy.Stamp == stamp,
        _ => base.MayKeep(copy, stamp),
    };

    protected override bool MayKeepWritten(KeyCopy copy, long stamp, bool isDone) => defect switch
    {
        Defect.KeepsTheLastAnswer => isDone && copy.WritesUnderWay == 0,
        Defect.KeepsWritesDuringWrites => isDone && copy.Stamp == stamp,
        Defect.KeepsFailedWrites => copy.WritesUnderWay == 0 && copy.Stamp == stamp,
        _ => base.MayKeepWritten(copy, stamp, isDone),
    };
}
