namespace CascadeCache.Entries;

/// <summary>What an item in the volatile tier says about its key. The numbers are stored: they are never reused.</summary>
internal enum EntryKind : byte
{
    /// <summary>Nothing that this version understands.</summary>
    None = 0,

    /// <summary>The value.</summary>
    Value = 1,

    /// <summary>The durable tier has no such key as of the recorded version.</summary>
    Absent = 2,

    /// <summary>The value exists in the durable tier only, because it is too large for this one.</summary>
    Bypass = 3,

    /// <summary>A write to the key is under way: read the durable tier, fill nothing.</summary>
    Lock = 4,
}
