namespace CascadeCache;

/// <summary>
/// Which keys have a copy in the request, set with <c>AddCascadeRequestLayer</c>. With neither setting every key has one; a key is left alone if the settings do not name it. Keys are those that
/// the application uses, without <see cref="CascadeCacheOptions.KeyPrefix"/>. Bad settings fail at start-up, every fault listed.
/// </summary>
/// <remarks>
/// <para>The price of a copy: after the first read of a key, a request does not see what others do to it. Another request, another server, or an expiration may have changed or ended the entry; this
/// request goes on with what it read or wrote itself, until it ends or reads with a version. Name only keys for which that is right: a value that says "stop" to work under way is not one of them.</para>
/// <para>With <see cref="CascadeBackends.Request"/> alone there is nothing beneath the copy: then every key has one, whatever is set here.</para>
/// </remarks>
public sealed class RequestLayerOptions
{
    /// <summary>A key that begins with one of these, compared ordinally, has a copy. Empty by default. No prefix may be null or empty.</summary>
    public IList<string> KeyPrefixes { get; } = [];

    /// <summary>
    /// A key for which this returns true has a copy, beside those of <see cref="KeyPrefixes"/>. Null by default. Called for every call of the cache within a request, by any thread, several at once;
    /// what it throws reaches the caller.
    /// </summary>
    public Func<string, bool>? Includes { get; set; }
}
