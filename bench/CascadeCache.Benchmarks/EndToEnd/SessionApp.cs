using System.Globalization;
using System.Text;
using CascadeCache.Benchmarks.Load.Experiments;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Benchmarks.EndToEnd;

/// <summary>
/// A minimal application with the stock session, in a process of its own: <c>/read</c> answers with a number of the session, <c>/increment</c> adds one to it. Its input asks it for what it
/// has used.
/// </summary>
internal static class SessionApp
{
    public const string Command = "session-app";
    public const string Usage = "usage";

    private const string Number = "number";

    /// <summary>Serves until its input ends. First tells where.</summary>
    /// <param name="arguments">The setup, then <c>async</c> or <c>sync</c> loading, then the addresses of memcached, Redis and Datastore.</param>
    public static async Task RunAsync(string[] arguments)
    {
        SessionSetup setup = Enum.Parse<SessionSetup>(arguments[0]);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        AddCache(builder.Services, setup, memcached: arguments[2], redis: arguments[3], datastore: arguments[4]);
        if (setup != SessionSetup.None)
        {
            builder.Services.AddSession(static options => options.Cookie.IsEssential = true);
        }

        await using WebApplication app = builder.Build();
        bool loads = arguments[1] == "async";
        if (setup == SessionSetup.None)
        {
            app.Run(static context => AnswerAsync(context, 1));
        }
        else
        {
            app.UseSession();
            app.Run(context => ServeAsync(context, loads));
        }

        await app.StartAsync();
        if (SessionSetups.IsDistributed(setup))
        {
            Caches.WaitUntilWritesArePublished(app.Services.GetRequiredService<CascadeDistributedCache>());
        }

        Console.WriteLine(app.Urls.First());
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(ProcessUsage.Now().ToText());
        }
    }

    private static void AddCache(IServiceCollection services, SessionSetup setup, string memcached, string redis, string datastore)
    {
        switch (setup)
        {
            case SessionSetup.None:
                break;
            case SessionSetup.Memory:
                services.AddDistributedMemoryCache();
                break;
            case SessionSetup.Redis:
                services.AddStackExchangeRedisCache(options => options.Configuration = redis);
                break;
            default:
                CascadeBackends backends = SessionSetups.IsDistributed(setup) ? CascadeBackends.Distributed : CascadeBackends.Memcache;
                services.AddCascadeDistributedCache(options => Caches.Configure(options, backends, [memcached], datastore));
                break;
        }

        if (SessionSetups.HasCascadeSession(setup))
        {
            services.AddCascadeSession();
        }
    }

    private static async Task ServeAsync(HttpContext context, bool loads)
    {
        if (loads)
        {
            await context.Session.LoadAsync();
        }

        int number = context.Session.GetInt32(Number) ?? 0;
        if (context.Request.Path == "/increment")
        {
            context.Session.SetInt32(Number, ++number);
        }

        await AnswerAsync(context, number);
    }

    private static Task AnswerAsync(HttpContext context, int number)
    {
        byte[] body = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, 0, body.Length);
    }
}
