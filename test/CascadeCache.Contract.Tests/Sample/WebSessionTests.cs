using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CascadeCache.Contract.Tests.Sample;

/// <summary>The sample, started as a process and used as its user does.</summary>
public sealed partial class WebSessionTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("websession").FullName;
    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _browser;

    public WebSessionTests() => _browser = new HttpClient(new SocketsHttpHandler { CookieContainer = _cookies });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Visits_are_counted_and_survive_a_killed_process()
    {
        await using (SampleProcess sample = await SampleProcess.StartAsync(_data))
        {
            for (int i = 1; i <= 3; i++)
            {
                Assert.Equal(i, await VisitAsync(sample));
            }
        }

        await using SampleProcess again = await SampleProcess.StartAsync(_data);
        Assert.Equal(4, await VisitAsync(again));
    }

    [Fact]
    public async Task Two_instances_share_a_session_through_common_servers()
    {
        await using SampleProcess one = await SampleProcess.StartAsync(_data);
        JsonElement emulators = (await TiersAsync(one)).GetProperty("emulators");
        await using SampleProcess other = await SampleProcess.StartAsync(
            _data,
            "CascadeCache__Memcache__Servers__0=" + emulators.GetProperty("memcached").GetString(),
            "DATASTORE_EMULATOR_HOST=" + emulators.GetProperty("datastore").GetString());
        for (int i = 1; i <= 10; i++)
        {
            Assert.Equal(i, await VisitAsync(i % 2 == 0 ? one : other));
        }

        Assert.Equal(JsonValueKind.Null, (await TiersAsync(other)).GetProperty("emulators").GetProperty("memcached").ValueKind);
    }

    [Fact]
    public async Task The_line_that_an_instance_prints_starts_another_one_with_the_same_sessions()
    {
        await using SampleProcess one = await SampleProcess.StartAsync(_data);
        string line = await one.WaitForLineAsync("  dotnet ");
        Assert.Contains($"WebSession.dll\" --data \"{_data}\" --urls ", line, StringComparison.Ordinal);
        string[] settings = [.. line.Split(' ').Where(static word => word.StartsWith("--CascadeCache:", StringComparison.Ordinal))];
        Assert.Equal(2, settings.Length);

        await using SampleProcess other = await SampleProcess.StartAsync(_data, settings);
        Assert.Equal(1, await VisitAsync(one));
        Assert.Equal(2, await VisitAsync(other));
    }

    [Fact]
    public async Task Values_are_stored_read_and_deleted_as_bytes()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        byte[] bytes = [0, 255, 13, 10, 0];
        var uri = new Uri(sample.Address, "/api/session/some%20name");

        Assert.Equal(HttpStatusCode.NotFound, (await _browser.GetAsync(uri, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _browser.PutAsync(uri, new ByteArrayContent(bytes), Token)).StatusCode);
        Assert.Equal(bytes, await _browser.GetByteArrayAsync(uri, Token));
        Assert.Equal(HttpStatusCode.NoContent, (await _browser.DeleteAsync(uri, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.GetAsync(uri, Token)).StatusCode);
        HttpResponseMessage large = await _browser.PutAsync(uri, new ByteArrayContent(new byte[11_000_000]), Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal("Healthy", await _browser.GetStringAsync(new Uri(sample.Address, "/healthz"), Token));
    }

    [Fact]
    public async Task The_limit_of_the_environment_keeps_large_sessions_out_of_memcached()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data, "MaxMemcacheSessionSizeBytes=5000");
        var uri = new Uri(sample.Address, "/api/session/value");
        await _browser.PutAsync(uri, new ByteArrayContent(new byte[4000]), Token);
        await _browser.PutAsync(uri, new ByteArrayContent(new byte[6000]), Token);

        Assert.Equal(6000, (await _browser.GetByteArrayAsync(uri, Token)).Length);
        JsonElement counters = (await TiersAsync(sample)).GetProperty("counters");
        Assert.True(counters.GetProperty("bypasses").GetInt64() > 0);
        Assert.True(counters.GetProperty("datastoreHits").GetInt64() > 0);
    }

    [Fact]
    public async Task The_page_shows_the_session_encoded_and_its_forms_work()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        string page = await _browser.GetStringAsync(sample.Address, Token);
        page = await PostAsync(sample, page, "/page/visit");
        page = await PostAsync(sample, page, "/page/set", ("name", "<script>"), ("text", "<b>&\""));

        Assert.Contains("counted <strong>1</strong>", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;&amp;&quot;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>&", page, StringComparison.Ordinal);
        Assert.Contains(">memcache<", page, StringComparison.Ordinal);

        page = await PostAsync(sample, page, "/page/fill", ("kilobytes", "11264"));
        Assert.Contains("would be too large", page, StringComparison.Ordinal);
        page = await PostAsync(sample, page, "/page/remove", ("name", "<script>"));
        Assert.DoesNotContain("&lt;script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        await _browser.GetStringAsync(sample.Address, Token);

        HttpResponseMessage response = await _browser.PostAsync(
            new Uri(sample.Address, "/page/set"), new FormUrlEncodedContent([new("name", "x"), new("text", "y")]), Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_session_that_cannot_be_reached_is_an_error_and_not_an_empty_session()
    {
        // Port 9 of the loopback address: nobody listens there.
        await using SampleProcess sample = await SampleProcess.StartAsync(
            _data, "DATASTORE_EMULATOR_HOST=127.0.0.1:9", "CascadeCache__Resilience__Datastore__MaxRetryAttempts=0");

        HttpResponseMessage visit = await _browser.PostAsync(new Uri(sample.Address, "/api/visits"), null, Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, visit.StatusCode);
        Assert.Equal("application/problem+json", visit.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _browser.GetAsync(new Uri(sample.Address, "/api/session/value"), Token)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _browser.GetAsync(new Uri(sample.Address, "/healthz"), Token)).StatusCode);
        Assert.Contains("It could not be loaded", await _browser.GetStringAsync(sample.Address, Token), StringComparison.Ordinal);

        // The session middleware had nothing left to do: what was answered as failed was not tried again afterwards.
        (int exitCode, string output) = await sample.StopAsync();
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("Error closing the session", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_16_MiB_is_refused_with_and_without_an_announced_length()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        foreach (bool isChunked in (bool[])[false, true])
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(sample.Address, "/api/session/value")) { Content = new ByteArrayContent(new byte[(16 * 1024 * 1024) + 1]) };
            (request.Headers.TransferEncodingChunked, request.Headers.ExpectContinue) = (isChunked, true);
            HttpResponseMessage response = await _browser.SendAsync(request, Token);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Contains("16777216", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Looking_at_the_tiers_costs_nothing()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        await VisitAsync(sample);

        // Without a cookie: a session middleware in the way would look for a session that cannot exist, each time in Datastore.
        using var monitor = new HttpClient();
        var uri = new Uri(sample.Address, "/api/tiers");
        JsonElement before = await monitor.GetFromJsonAsync<JsonElement>(uri, Token);
        await monitor.GetFromJsonAsync<JsonElement>(uri, Token);
        JsonElement after = await monitor.GetFromJsonAsync<JsonElement>(uri, Token);

        Assert.Equal(before.GetProperty("counters").GetRawText(), after.GetProperty("counters").GetRawText());
        Assert.Equal(1, after.GetProperty("counters").GetProperty("datastoreWrites").GetInt64());
    }

    [Theory]
    [InlineData("--memcached-port=x", "--memcached-port is 'x'")]
    [InlineData("--CascadeCache:MaxStaleness=00:00:00", "MaxStaleness is '00:00:00'")]
    [InlineData("--CascadeCache:MaxValueBytes=abc", "CascadeCache:MaxValueBytes")]
    [InlineData("--urls=nonsense", "nonsense")]
    public async Task A_bad_setting_ends_it_with_a_line_that_names_it(string setting, string named)
    {
        (int exitCode, string output) = await SampleProcess.FailAsync(_data, setting);

        Assert.Equal(2, exitCode);
        Assert.Contains("The sample cannot start: ", output, StringComparison.Ordinal);
        Assert.Contains(named, output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_folder_that_is_in_use_is_said_to_be()
    {
        await using SampleProcess sample = await SampleProcess.StartAsync(_data);
        (int exitCode, string output) = await SampleProcess.FailAsync(_data);

        Assert.Equal(1, exitCode);
        Assert.Contains("If another instance uses the file", output, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _browser.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private async Task<int> VisitAsync(SampleProcess sample)
    {
        HttpResponseMessage response = await _browser.PostAsync(new Uri(sample.Address, "/api/visits"), null, Token);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("visits").GetInt32();
    }

    private Task<JsonElement> TiersAsync(SampleProcess sample) => _browser.GetFromJsonAsync<JsonElement>(new Uri(sample.Address, "/api/tiers"), Token);

    private async Task<string> PostAsync(SampleProcess sample, string page, string path, params (string Name, string Value)[] fields)
    {
        Match token = FormToken().Match(page);
        var form = new Dictionary<string, string> { [token.Groups[1].Value] = token.Groups[2].Value };
        foreach ((string name, string value) in fields)
        {
            form[name] = value;
        }

        HttpResponseMessage response = await _browser.PostAsync(new Uri(sample.Address, path), new FormUrlEncodedContent(form), Token);
        return await response.Content.ReadAsStringAsync(Token);
    }

    [GeneratedRegex("name=\"(__RequestVerificationToken)\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
