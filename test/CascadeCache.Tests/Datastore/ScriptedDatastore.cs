using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using CascadeCache.Datastore.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace CascadeCache.Tests.Datastore;

/// <summary>One request as it left the client.</summary>
internal sealed record SentRequest(string Method, HttpRequestHeaders Headers, byte[] Message)
{
    public LookupRequest Lookup => LookupRequest.Parser.ParseFrom(Message);

    public CommitRequest Commit => CommitRequest.Parser.ParseFrom(Message);

    public string? Header(string name) => Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values) : null;
}

/// <summary>Datastore played from a script at the level of HTTP messages: no sockets, so fake time governs all of it.</summary>
internal sealed class ScriptedDatastore : HttpMessageHandler
{
    private readonly ConcurrentQueue<Func<SentRequest, CancellationToken, Task<HttpResponseMessage>>> _script = new();

    public ConcurrentQueue<SentRequest> Requests { get; } = new();

    /// <summary>Answers when the script has ended.</summary>
    public Func<SentRequest, CancellationToken, Task<HttpResponseMessage>>? Otherwise { get; set; }

    /// <summary>If set, runs before the request is read, as the making of a connection does.</summary>
    public Func<CancellationToken, Task>? BeforeSending { get; set; }

    public ScriptedDatastore Then(IMessage answer) => Then((_, _) => Task.FromResult(Ok(answer)));

    public ScriptedDatastore Then(StatusCode code, string detail = "told so", TimeSpan? retryDelay = null) =>
        Then((_, _) => Task.FromResult(Failure(code, detail, retryDelay)));

    public ScriptedDatastore Then(Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        _script.Enqueue(answer);
        return this;
    }

    public static HttpResponseMessage Ok(IMessage message)
    {
        byte[] body = message.ToByteArray();
        byte[] frame = [0, (byte)(body.Length >> 24), (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];
        HttpResponseMessage response = Response(frame);
        response.TrailingHeaders.Add("grpc-status", "0");
        return response;
    }

    public static HttpResponseMessage Failure(StatusCode code, string detail, TimeSpan? retryDelay = null)
    {
        HttpResponseMessage response = Response([]);
        response.TrailingHeaders.Add("grpc-status", ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture));
        response.TrailingHeaders.Add("grpc-message", System.Uri.EscapeDataString(detail));
        if (retryDelay is { } delay)
        {
            var status = new Google.Rpc.Status { Code = (int)code, Message = detail, Details = { Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }) } };
            response.TrailingHeaders.Add("grpc-status-details-bin", Convert.ToBase64String(status.ToByteArray()));
        }

        return response;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (BeforeSending is { } connect)
        {
            await connect(cancellationToken);
        }

        using var body = new MemoryStream();
        await request.Content!.CopyToAsync(body, cancellationToken);
        var sent = new SentRequest(request.RequestUri!.AbsolutePath, request.Headers, body.ToArray()[5..]);
        Requests.Enqueue(sent);
        Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> answer =
            _script.TryDequeue(out var next) ? next : Otherwise ?? throw new InvalidOperationException("The script has ended.");
        HttpResponseMessage response = await answer(sent, cancellationToken);
        response.RequestMessage = request;
        return response;
    }

    private static HttpResponseMessage Response(byte[] body)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Version = HttpVersion.Version20, Content = new ByteArrayContent(body) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        return response;
    }
}
