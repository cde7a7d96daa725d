namespace CascadeCache.Session;

/// <summary>A write or a removal of one key, from its begin to its end in the copies of the request. Unless the cache is reported to have done it, it leaves no copy.</summary>
internal sealed class CopyWrite : IDisposable
{
    private readonly RequestCopies _copies;
    private readonly string _key;
    private readonly long _stamp;
    private bool _isDone;
    private byte[]? _value;

    public CopyWrite(RequestCopies copies, string key) => (_copies, _key, _stamp) = (copies, key, copies.BeginWrite(key));

    /// <param name="value">What the cache holds now; belongs to the copies. Null after a removal.</param>
    public void Done(byte[]? value) => (_isDone, _value) = (true, value);

    public void Dispose() => _copies.EndWrite(_key, _stamp, _isDone, _value);
}
