using System.Buffers;
using System.Net.Security;
using System.Text;
using System.Threading.Channels;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Connections;
using CascadeCache.Primitives;

namespace CascadeCache.Tests.Memcache;

/// <summary>A node over one server, and what its observer was told.</summary>
internal sealed class MemcacheFixture : IMemcacheObserver, IDisposable
{
    private readonly Channel<MemcacheFault> _faults = Channel.CreateUnbounded<MemcacheFault>();

    public MemcacheFixture(string host, Action<MemcacheOptions>? configure = null, RemoteCertificateValidationCallback? judge = null, TimeProvider? time = null, ReaderWatch? watch = null)
    {
        Options.OperationTimeout = TimeSpan.FromSeconds(20);
        Options.ConnectTimeout = TimeSpan.FromSeconds(20);
        configure?.Invoke(Options);
        Assert.True(MemcacheServerAddress.TryParse(host, out MemcacheServerAddress? address, out _));
        Settings = new ConnectionSettings(Options, time ?? TimeProvider.System, static () => 0, this) { JudgeCertificate = judge, Watch = watch ?? new ReaderWatch() };
        Node = new MemcacheNode(address, Settings);
    }

    public MemcacheOptions Options { get; } = new();

    public ConnectionSettings Settings { get; }

    public MemcacheNode Node { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static CallContext Call => CallContext.Async(Token);

    public static MemcacheKey Key(string text) => new(Encoding.ASCII.GetBytes(text));

    public Task<MemcacheReply> GetAsync(string key, int lease = 0, CancellationToken? token = null) =>
        Node.GetAsync(Key(key), new MemcacheGet(true, lease), CallContext.Async(token ?? Token)).AsTask();

    public Task<MemcacheReply> SetAsync(string key, string value, CasToken? token = null, int seconds = 100, uint flags = 0) =>
        Node.SetAsync(Key(key), "H"u8.ToArray(), new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(value)), flags, seconds, token, Call).AsTask();

    public async Task<MemcacheFault> NextFaultAsync() => await _faults.Reader.ReadAsync(Token);

    public void Connected(MemcacheNode node)
    {
        // Nothing to do: the tests see it by the server's side.
    }

    public void Disconnected(MemcacheNode node, MemcacheFault fault, Exception? error) => _faults.Writer.TryWrite(fault);

    public void Dispose() => Node.Dispose();

    public static string Text(in MemcacheReply reply) => Encoding.ASCII.GetString(reply.Value.Span);
}
