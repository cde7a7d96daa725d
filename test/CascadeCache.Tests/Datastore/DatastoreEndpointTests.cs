using CascadeCache.Datastore;
using Google.Apis.Auth.OAuth2;
using Xunit;

namespace CascadeCache.Tests.Datastore;

public sealed class DatastoreEndpointTests
{
    [Theory]
    [InlineData(null, null, null, "https://datastore.googleapis.com/")]
    [InlineData(null, null, "  ", "https://datastore.googleapis.com/")]
    [InlineData("datastore.europe-west1.rep.googleapis.com", null, null, "https://datastore.europe-west1.rep.googleapis.com/")]
    [InlineData("https://example.com:8443/", null, null, "https://example.com:8443/")]
    [InlineData("example.com:8443", null, "localhost:1", "https://example.com:8443/")]
    [InlineData(null, "localhost:8081", null, "http://localhost:8081/")]
    [InlineData(null, "localhost:8081", "other:1", "http://localhost:8081/")]
    [InlineData(null, null, "http://[::1]:8081/", "http://[::1]:8081/")]
    [InlineData(null, null, "127.0.0.1:8081", "http://127.0.0.1:8081/")]
    public void Options_win_over_the_environment(string? endpoint, string? emulator, string? variable, string expected)
    {
        var options = new DatastoreOptions { Endpoint = endpoint, EmulatorHost = emulator };
        Assert.Empty(DatastoreEndpoint.Faults(options, Environment(variable)));
        Assert.Equal(expected, DatastoreEndpoint.Resolve(options, Environment(variable)).Address.ToString());
    }

    [Fact]
    public void A_credential_means_the_service_whatever_the_environment_says()
    {
        var options = new DatastoreOptions { Credential = GoogleCredential.FromAccessToken("t") };
        Assert.False(DatastoreEndpoint.Resolve(options, Environment("localhost:1")).IsEmulator);
    }

    [Theory]
    [InlineData("http://example.com", null, null, "TLS")]
    [InlineData("example.com/path", null, null, "Endpoint")]
    [InlineData("example.com:99999", null, null, "Endpoint")]
    [InlineData("", null, null, "Endpoint")]
    [InlineData("::1", null, null, "Endpoint")]
    [InlineData(null, "localhost", null, "EmulatorHost")]
    [InlineData(null, "", null, "EmulatorHost")]
    [InlineData(null, "a b:80", null, "EmulatorHost")]
    [InlineData(null, null, "localhost", "DATASTORE_EMULATOR_HOST")]
    public void A_bad_address_is_a_fault_that_names_its_source(string? endpoint, string? emulator, string? variable, string expected)
    {
        var options = new DatastoreOptions { Endpoint = endpoint, EmulatorHost = emulator };
        Assert.Contains(expected, Assert.Single(DatastoreEndpoint.Faults(options, Environment(variable))), StringComparison.Ordinal);
        Assert.Throws<CascadeCacheException>(() => DatastoreEndpoint.Resolve(options, Environment(variable)));
    }

    [Fact]
    public void Every_fault_is_listed()
    {
        var options = new DatastoreOptions { Endpoint = "example.com", EmulatorHost = "nowhere", Credential = GoogleCredential.FromAccessToken("t") };
        Assert.Equal(3, DatastoreEndpoint.Faults(options, Environment(null)).Count);
    }

    private static Func<string, string?> Environment(string? value) => name => name == DatastoreEndpoint.EmulatorHostVariable ? value : null;
}
