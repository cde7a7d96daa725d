using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace CascadeCache.Fuzz.Targets;

/// <summary>Datastore at the level of HTTP messages: gives the same answer to every call.</summary>
internal sealed class CannedDatastore : HttpMessageHandler
{
    private const int FramePrefix = 5;
    private const int Codes = 17;

    private ReadOnlyMemory<byte> _bytes;
    private bool _isFailure;

    /// <summary>What to answer from now on.</summary>
    /// <param name="bytes">The message, or the first byte the status code of a failure and the rest its details.</param>
    /// <param name="isFailure">Which of the two.</param>
    public void Answer(ReadOnlyMemory<byte> bytes, bool isFailure) => (_bytes, _isFailure) = (bytes, isFailure && bytes.Length > 0);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await request.Content!.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
        byte[] body = _isFailure ? [] : Frame(_bytes.Span);
        var response = new HttpResponseMessage(HttpStatusCode.OK)
        {
            Version = HttpVersion.Version20,
            Content = new ByteArrayContent(body),
            RequestMessage = request,
        };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        response.TrailingHeaders.Add("grpc-status", _isFailure ? $"{_bytes.Span[0] % Codes}" : "0");
        if (_isFailure)
        {
            response.TrailingHeaders.Add("grpc-message", "told so");
            response.TrailingHeaders.Add("grpc-status-details-bin", Convert.ToBase64String(_bytes.Span[1..]));
        }

        return response;
    }

    private static byte[] Frame(ReadOnlySpan<byte> message)
    {
        byte[] frame = new byte[FramePrefix + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(FramePrefix));
        return frame;
    }
}
