using Microsoft.AspNetCore.DataProtection;
using WebSession;
using WebSession.Page;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string data = Path.GetFullPath(builder.Configuration["data"] ?? "data");

// What the configuration does not name is started here, in this process.
await using EmbeddedServers embedded = await EmbeddedServers.StartAsync(builder.Configuration, data);

// These two lines are all that the stock session needs to live in memcached and Datastore.
builder.Services.AddCascadeDistributedCache(options =>
{
    builder.Configuration.GetSection("CascadeCache").Bind(options);
    embedded.Apply(options);
});
builder.Services.AddSession(options => options.Cookie.IsEssential = true);

// Every instance must be able to read the session cookie that another one wrote.
builder.Services.AddDataProtection().SetApplicationName("WebSession").PersistKeysToFileSystem(Directory.CreateDirectory(Path.Combine(data, "keys")));
builder.Services.AddHealthChecks().AddCascadeCache();
builder.Services.AddAntiforgery();
builder.Services.AddSingleton(embedded);
builder.Services.AddSingleton<CacheTimings>();

await using WebApplication app = builder.Build();
app.UseMiddleware<CacheFailures>();
app.UseSession();
app.UseAntiforgery();
app.MapSessionApi();
app.MapTiersApi();
app.MapSessionPage();
app.MapHealthChecks("/healthz");

await app.StartAsync();
embedded.Announce(Console.Out, app.Urls, data);
await app.WaitForShutdownAsync();
