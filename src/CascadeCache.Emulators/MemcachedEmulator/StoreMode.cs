namespace CascadeCache.Emulators.Memcached;

internal enum StoreMode
{
    Set,
    Add,
    Replace,
    Append,
    Prepend,
    Cas,
}

internal enum StoreResult
{
    Stored,
    NotStored,
    Exists,
    NotFound,
}

internal enum DeltaResult
{
    Done,
    NotFound,
    NonNumeric,
    CasMismatch,
    OutOfMemory,
}
