using System.Globalization;
using Google.Apis.Auth.OAuth2;
using Grpc.Core;

namespace CascadeCache.Datastore;

/// <summary>
/// As whom, and for which project and database, Datastore is called: the headers of each request. Project and credential are found on the first
/// call and kept; a failure is not. Safe for use by any thread.
/// </summary>
internal sealed class DatastoreAccess
{
    private const string Scope = "https://www.googleapis.com/auth/datastore";
    private const string ServicePath = "/google.datastore.v1.Datastore";

    // Where credentials are looked for, each try, has limits of its own; this one ends a search whose network swallows packets.
    private static readonly TimeSpan FindingLimit = TimeSpan.FromSeconds(30);

    private static readonly string ClientHeader = string.Create(
        CultureInfo.InvariantCulture,
        $"gl-dotnet/{Environment.Version} gccl/{VersionOf(typeof(DatastoreAccess))} grpc/{VersionOf(typeof(Grpc.Net.Client.GrpcChannel))}");

    private readonly DatastoreOptions _options;
    private readonly DatastoreEndpoint _endpoint;
    private readonly ProjectIdResolver _resolver;
    private readonly TimeProvider _time;
    private readonly RetryableLazy<Identity> _identity;
    private readonly string _tokenUri;

    public DatastoreAccess(DatastoreOptions options, DatastoreEndpoint endpoint, ProjectIdResolver resolver, TimeProvider time)
    {
        _options = options;
        _endpoint = endpoint;
        _resolver = resolver;
        _time = time;
        _identity = new RetryableLazy<Identity>(FindAsync);
        _tokenUri = $"https://{endpoint.Host}{ServicePath}";
    }

    /// <summary>The project, or null as long as it has not been found.</summary>
    public string? KnownProjectId => _identity.TryGet(out Identity? identity) ? identity!.ProjectId : null;

    /// <summary>The project, and the headers of a request.</summary>
    /// <exception cref="CascadeRejectedException">There is no project or no credential.</exception>
    public async ValueTask<RequestScope> GetAsync(CancellationToken cancellationToken)
    {
        // The search is everyone's: a caller who gives up leaves it to the others.
        Identity identity = await _identity.GetAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        var headers = new Metadata
        {
            { "x-goog-request-params", identity.Routing },
            { "x-goog-api-client", ClientHeader },
        };
        if (identity.Credential is { } credential)
        {
            await AddTokenAsync(headers, credential, cancellationToken).ConfigureAwait(false);
        }

        return new RequestScope(identity.ProjectId, headers);
    }

    private async Task AddTokenAsync(Metadata headers, ITokenAccessWithHeaders credential, CancellationToken cancellationToken)
    {
        AccessTokenWithHeaders token = await credential.GetAccessTokenWithHeadersForRequestAsync(_tokenUri, cancellationToken).ConfigureAwait(false);
        headers.Add("authorization", "Bearer " + token.AccessToken);
        foreach ((string name, IReadOnlyList<string> values) in token.Headers)
        {
            foreach (string value in values)
            {
                headers.Add(name, value);
            }
        }
    }

    private async Task<Identity> FindAsync()
    {
        using var limit = new CancellationTokenSource(FindingLimit, _time);
        GoogleCredential? credential = _endpoint.IsEmulator ? null : await FindCredentialAsync(limit.Token).ConfigureAwait(false);
        string project = await _resolver.ResolveAsync(_endpoint.IsEmulator, credential, limit.Token).ConfigureAwait(false);
        string routing = "project_id=" + Uri.EscapeDataString(project);
        if (_options.DatabaseId.Length > 0)
        {
            routing += "&database_id=" + Uri.EscapeDataString(_options.DatabaseId);
        }

        return new Identity(project, routing, credential?.CreateScoped(Scope));
    }

    private async Task<GoogleCredential> FindCredentialAsync(CancellationToken cancellationToken)
    {
        if (_options.Credential is { } given)
        {
            return given;
        }

        try
        {
            return await GoogleCredential.GetApplicationDefaultAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OperationCanceledException or HttpRequestException))
        {
            throw new CascadeRejectedException(
                $"No usable credential was found for Datastore at {_endpoint.Name}. Set Datastore.Credential, or GOOGLE_APPLICATION_CREDENTIALS to the path of a key file, or run under a service account; for an emulator set Datastore.EmulatorHost or {DatastoreEndpoint.EmulatorHostVariable}.",
                e);
        }
    }

    private static string VersionOf(Type type) => type.Assembly.GetName().Version?.ToString(3) ?? "0";

    private sealed record Identity(string ProjectId, string Routing, ITokenAccessWithHeaders? Credential);
}

/// <summary>What every request carries.</summary>
internal readonly record struct RequestScope(string ProjectId, Metadata Headers);
