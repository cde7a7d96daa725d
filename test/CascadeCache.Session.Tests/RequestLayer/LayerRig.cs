using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>The layer over a counting cache, and requests that the test begins and ends. The request is that of the test's own flow of execution.</summary>
internal sealed class LayerRig
{
    private readonly HttpContextAccessor _accessor = new();

    public LayerRig(Defect defect = Defect.None, Action<RequestLayerOptions>? configure = null)
        : this(() => defect == Defect.None ? new RequestCopies() : new BrokenCopies(defect), configure)
    {
    }

    public LayerRig(Func<RequestCopies> create, Action<RequestLayerOptions>? configure = null)
    {
        var options = new RequestLayerOptions();
        configure?.Invoke(options);
        Requests = new RequestItems<RequestCopies>(_accessor, create);
        Layer = new RequestLayerCache(Below, Requests, new KeySelection(options));
    }

    public static DistributedCacheEntryOptions Options { get; } = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public CountingCache Below { get; } = new();

    public RequestItems<RequestCopies> Requests { get; }

    public RequestLayerCache Layer { get; }

    public IBufferDistributedCache Buffers => Layer;

    public DefaultHttpContext Begin()
    {
        var context = new DefaultHttpContext();
        Enter(context);
        return context;
    }

    public void Enter(HttpContext context) => _accessor.HttpContext = context;

    public void End() => _accessor.HttpContext = null;

    public async Task<string?> ReadAsync(string key = "k") => Text(await Layer.GetAsync(key, Token));

    public Task WriteAsync(string value, string key = "k") => Layer.SetAsync(key, Bytes(value), Options, Token);

    public void StoreElsewhere(string value, string key = "k") => Below.Store(key, Bytes(value));

    /// <summary>What the cache below answers, seen past the layer.</summary>
    public string? Stored(string key = "k") => Text(Below.Stored(key));

    /// <summary>Reads by way of the buffers.</summary>
    public async Task<string?> ReadBufferAsync(string key = "k")
    {
        var destination = new ArrayBufferWriter<byte>();
        return await Buffers.TryGetAsync(key, destination, Token) ? Encoding.UTF8.GetString(destination.WrittenSpan) : null;
    }

    public string? ReadBuffer(string key = "k")
    {
        var destination = new ArrayBufferWriter<byte>();
        return Buffers.TryGet(key, destination) ? Encoding.UTF8.GetString(destination.WrittenSpan) : null;
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Text(byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);
}
