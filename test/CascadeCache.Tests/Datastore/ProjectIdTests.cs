using System.Net;
using CascadeCache.Datastore;
using CascadeCache.Entries;
using CascadeCache.Tiers;
using Google.Apis.Auth.OAuth2;
using Xunit;

namespace CascadeCache.Tests.Datastore;

public sealed class ProjectIdTests
{
    [Theory]
    [InlineData("own", "own")]
    [InlineData(null, "emulators")]
    [InlineData(" ", "emulators")]
    public async Task With_an_emulator_its_variable_comes_after_the_options(string? configured, string expected) =>
        Assert.Equal(expected, await ResolveAsync(true, configured, ("DATASTORE_PROJECT_ID", "emulators"), ("GOOGLE_CLOUD_PROJECT", "clouds")));

    [Fact]
    public async Task Without_an_emulator_its_variable_does_not_count()
    {
        Assert.Equal("clouds", await ResolveAsync(false, null, ("DATASTORE_PROJECT_ID", "emulators"), ("GOOGLE_CLOUD_PROJECT", "clouds"), ("GCLOUD_PROJECT", "old")));
        Assert.Equal("old", await ResolveAsync(false, null, ("DATASTORE_PROJECT_ID", "emulators"), ("GOOGLE_CLOUD_PROJECT", " "), ("GCLOUD_PROJECT", "old")));
        Assert.Equal("machines", await ResolveAsync(false, null, ("DATASTORE_PROJECT_ID", "emulators")));
    }

    [Fact]
    public async Task A_service_accounts_own_project_comes_before_the_metadata_server()
    {
        var account = new ServiceAccountCredential(new ServiceAccountCredential.Initializer("a@example.com") { ProjectId = "accounts", Key = System.Security.Cryptography.RSA.Create() });
        var resolver = new ProjectIdResolver(new DatastoreOptions(), _ => null, _ => Task.FromResult<string?>("machines"));
        Assert.Equal("accounts", await resolver.ResolveAsync(false, account.ToGoogleCredential(), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(true, "DATASTORE_PROJECT_ID")]
    [InlineData(false, "Datastore.ProjectId")]
    public async Task Without_any_project_the_error_says_what_to_set(bool isEmulator, string expected)
    {
        var resolver = new ProjectIdResolver(new DatastoreOptions(), _ => null, _ => isEmulator ? throw new InvalidOperationException("asked") : Task.FromResult<string?>(null));
        var error = await Assert.ThrowsAsync<CascadeRejectedException>(() => resolver.ResolveAsync(isEmulator, null, TestContext.Current.CancellationToken));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tier_asks_once_when_it_is_first_used_and_again_only_after_a_failure()
    {
        int asked = 0;
        string? project = null;
        using var rig = new TierRig(o => o.Datastore.ProjectId = null, environment: name =>
        {
            asked += name == "DATASTORE_PROJECT_ID" ? 1 : 0;
            return project;
        });
        rig.Script.Then(TierRig.Missing(TierRig.Key)).Then(TierRig.Missing(TierRig.Key));
        Assert.Equal(0, asked);

        await Assert.ThrowsAsync<CascadeRejectedException>(async () => await ReadAsync());
        project = "later";
        await ReadAsync();
        await ReadAsync();

        Assert.Equal(2, asked);
        Assert.All(rig.Script.Requests, r => Assert.Equal("later", r.Lookup.ProjectId));

        ValueTask<DurableRead> ReadAsync() => rig.Tier.ReadAsync(TierRig.Key, DurableCause.Get, TierRig.Call());
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, "p1")]
    [InlineData(HttpStatusCode.NotFound, null)]
    public async Task The_metadata_server_is_asked_as_it_demands(HttpStatusCode status, string? expected)
    {
        HttpRequestMessage? seen = null;
        using var handler = new Answering(request =>
        {
            seen = request;
            return new HttpResponseMessage(status) { Content = new StringContent("p1") };
        });
        var server = new MetadataServer(name => name == "GCE_METADATA_HOST" ? "127.0.0.1:9" : null, handler);

        Assert.Equal(expected, await server.GetProjectIdAsync(TestContext.Current.CancellationToken));
        Assert.Equal("http://127.0.0.1:9/computeMetadata/v1/project/project-id", seen!.RequestUri!.ToString());
        Assert.Equal(["Google"], seen.Headers.GetValues("Metadata-Flavor"));
    }

    [Fact]
    public async Task A_failing_metadata_server_is_no_missing_project()
    {
        using var handler = new Answering(_ => new HttpResponseMessage(HttpStatusCode.InternalServerError));
        await Assert.ThrowsAsync<HttpRequestException>(() => new MetadataServer(_ => null, handler).GetProjectIdAsync(TestContext.Current.CancellationToken));
    }

    private static Task<string> ResolveAsync(bool isEmulator, string? configured, params (string Name, string Value)[] variables) =>
        new ProjectIdResolver(
            new DatastoreOptions { ProjectId = configured },
            name => variables.FirstOrDefault(v => v.Name == name).Value,
            _ => Task.FromResult<string?>("machines")).ResolveAsync(isEmulator, null, TestContext.Current.CancellationToken);

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
