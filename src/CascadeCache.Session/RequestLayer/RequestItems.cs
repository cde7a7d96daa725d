using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session;

/// <summary>
/// Finds the object of the current request, made when it is first asked for and kept in the request's items, so that it ends with the request. Callers keep the object over an await, never the
/// request: servers use its memory for the next request.
/// </summary>
/// <param name="accessor">Knows the request of the code that runs.</param>
/// <param name="create">Makes the object of a request.</param>
internal class RequestItems<T>(IHttpContextAccessor accessor, Func<T> create)
    where T : class
{
    // Nobody else has this object, so nobody else can find what is stored under it.
    private readonly object _key = new();
    private readonly Lock _lock = new();

    /// <summary>The current request's object; null outside of a request.</summary>
    public T? Current
    {
        get
        {
            if (accessor.HttpContext is not { } context)
            {
                return null;
            }

            // A background task that a request started may run on while the request ends:
            //
            //   task      context = the request ............... looks into context.Items
            //   server                          request ends, context is cleared, or is already the next request
            //
            // The server takes the request from the accessor before it uses the context again. If the accessor still says the same after the look, the look was into the right request; if not, the
            // task is outside of any.
            try
            {
                T item = FindOrCreate(context);
                return ReferenceEquals(accessor.HttpContext, context) ? item : null;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>What to hold while looking into the items. Virtual, so that the tests can keep a variant that holds nothing.</summary>
    protected virtual Lock LockFor(HttpContext context) => _lock;

    // Items is a plain dictionary: two calls of one request that look at the same time could each add an object, and lose copies or the dictionary's order.
    private T FindOrCreate(HttpContext context)
    {
        lock (LockFor(context))
        {
            if (context.Items.TryGetValue(_key, out object? found) && found is T known)
            {
                return known;
            }

            T made = create();
            context.Items[_key] = made;
            return made;
        }
    }
}
