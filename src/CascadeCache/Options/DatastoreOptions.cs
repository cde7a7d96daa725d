using Google.Apis.Auth.OAuth2;

namespace CascadeCache;

/// <summary>How the durable tier is reached: Google Cloud Datastore, or Firestore in Datastore mode.</summary>
public sealed class DatastoreOptions
{
    /// <summary>
    /// The Google Cloud project. Null (the default): with an emulator <c>DATASTORE_PROJECT_ID</c>, then <c>GOOGLE_CLOUD_PROJECT</c>,
    /// <c>GCLOUD_PROJECT</c>, then the project of the credential, then the metadata server.
    /// </summary>
    public string? ProjectId { get; set; }

    /// <summary>The database within the project. Empty (the default): the default database. Never "(default)", which the service refuses.</summary>
    public string DatabaseId { get; set; } = "";

    /// <summary>The namespace of every entity. Empty (the default): the default namespace. Letters, digits, '.', '-' and '_', at most 100.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>
    /// The kind of every entity. Default "Session". At most 1,500 bytes of UTF-8, not of the reserved form <c>__*__</c>. The further parts of values that do not fit into one entity
    /// have this kind with "Chunk" after it; with a kind of more than 1,495 bytes there are none, and such values are refused.
    /// </summary>
    public string Kind { get; set; } = "Session";

    /// <summary>The service's <c>host:port</c> or <c>https://</c> address. Null (the default): <c>datastore.googleapis.com:443</c>. Regional endpoints go here.</summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// The <c>host:port</c> of an emulator, spoken to without encryption or credentials. Null (the default): the environment variable
    /// <c>DATASTORE_EMULATOR_HOST</c>, if it is set. Cannot be combined with <see cref="Endpoint"/> or <see cref="Credential"/>.
    /// </summary>
    public string? EmulatorHost { get; set; }

    /// <summary>The credential for the service. Null (the default): application-default credentials.</summary>
    public GoogleCredential? Credential { get; set; }

    /// <summary>The longest time for one attempt of one request. Default 5 s.</summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
