using System.Net;
using Google.Apis.Auth.OAuth2;

namespace CascadeCache.Datastore;

/// <summary>Asks the metadata server of Google Compute Engine, Cloud Run or GKE for the project that this process runs in.</summary>
/// <param name="environment">Reads an environment variable.</param>
/// <param name="handler">Answers instead of the network, if given; then the server is taken to exist.</param>
internal sealed class MetadataServer(Func<string, string?> environment, HttpMessageHandler? handler = null)
{
    private const string HostVariable = "GCE_METADATA_HOST";
    private const string DefaultHost = "metadata.google.internal";

    /// <summary>The project, or null if there is no such server.</summary>
    /// <exception cref="HttpRequestException">There is one, but it did not answer properly.</exception>
    public async Task<string?> GetProjectIdAsync(CancellationToken cancellationToken)
    {
        if (handler is null && !await ComputeCredential.IsRunningOnComputeEngine().ConfigureAwait(false))
        {
            return null;
        }

        string? host = environment(HostVariable);
        var address = new Uri($"http://{(string.IsNullOrWhiteSpace(host) ? DefaultHost : host)}/computeMetadata/v1/project/project-id");
        using var client = new HttpClient(handler ?? new SocketsHttpHandler { UseProxy = false, UseCookies = false }, disposeHandler: handler is null);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("Metadata-Flavor", "Google");
        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }
}
