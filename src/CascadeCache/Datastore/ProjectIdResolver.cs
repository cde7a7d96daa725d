using Google.Apis.Auth.OAuth2;

namespace CascadeCache.Datastore;

/// <summary>Finds the project whose database is used: options, environment, credential, metadata server, in this order.</summary>
/// <param name="options">The options.</param>
/// <param name="environment">Reads an environment variable.</param>
/// <param name="askMetadataServer">The project of the machine this runs on, or null where there is no such server. Never asked with an emulator.</param>
internal sealed class ProjectIdResolver(DatastoreOptions options, Func<string, string?> environment, Func<CancellationToken, Task<string?>> askMetadataServer)
{
    private static readonly string[] EmulatorVariables = ["DATASTORE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"];
    private static readonly string[] ServiceVariables = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"];

    /// <exception cref="CascadeRejectedException">There is no project anywhere.</exception>
    public async Task<string> ResolveAsync(bool isEmulator, GoogleCredential? credential, CancellationToken cancellationToken)
    {
        if (Given(options.ProjectId) is { } configured)
        {
            return configured;
        }

        foreach (string variable in isEmulator ? EmulatorVariables : ServiceVariables)
        {
            if (Given(environment(variable)) is { } project)
            {
                return project;
            }
        }

        if (isEmulator)
        {
            throw new CascadeRejectedException(
                "No Google Cloud project is known for the Datastore emulator. Set Datastore.ProjectId or the environment variable DATASTORE_PROJECT_ID; an emulator accepts any name.");
        }

        return Given(ProjectOf(credential))
            ?? Given(await askMetadataServer(cancellationToken).ConfigureAwait(false))
            ?? throw new CascadeRejectedException(
                "No Google Cloud project is known: neither the options, nor GOOGLE_CLOUD_PROJECT or GCLOUD_PROJECT, nor the credential, nor a metadata server names one. Set Datastore.ProjectId.");
    }

    private static string? ProjectOf(GoogleCredential? credential) => credential?.UnderlyingCredential switch
    {
        ServiceAccountCredential account => account.ProjectId,
        _ => null,
    };

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
