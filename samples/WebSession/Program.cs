using Microsoft.AspNetCore.DataProtection;
using WebSession;
using WebSession.Page;

try
{
    // The settings lie beside the program, wherever it is started from.
    WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    Settings settings = Settings.Read(builder.Configuration);

    // What the configuration does not name is started here, in this process.
    await using EmbeddedServers embedded = await EmbeddedServers.StartAsync(settings);

    // These two lines are all that the stock session needs to live in memcached and Datastore.
    builder.Services.AddCascadeDistributedCache(builder.Configuration.GetSection("CascadeCache"));
    builder.Services.AddSession(options => options.Cookie.IsEssential = true);

    // This one is for a machine without servers only.
    builder.Services.Configure<CascadeCache.CascadeCacheOptions>(embedded.Apply);

    // Every instance must be able to read the session cookie that another one wrote.
    builder.Services.AddDataProtection().SetApplicationName("WebSession").PersistKeysToFileSystem(Directory.CreateDirectory(Path.Combine(settings.Data, "keys")));
    builder.Services.AddHealthChecks().AddCascadeCache();
    builder.Services.AddAntiforgery();
    builder.Services.AddSingleton(embedded);
    builder.Services.AddSingleton<CacheTimings>();

    await using WebApplication app = builder.Build();
    Settings.Check(app.Services);
    app.UseSession();
    app.UseMiddleware<Failures>();
    app.UseAntiforgery();
    app.MapSessionApi();
    app.MapSessionPage();

    // Past the session: each request through it slides the visitor's session, or looks for one, even if nothing touches it.
    app.MapTiersApi().ShortCircuit();
    app.MapHealthChecks("/healthz").ShortCircuit();

    await app.StartAsync();
    Announcement.Write(Console.Out, app.Urls, settings, embedded);
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (StartFailure.IsExpected(e))
{
    Console.Error.WriteLine(StartFailure.Describe(e));
    return StartFailure.ExitCode(e);
}
