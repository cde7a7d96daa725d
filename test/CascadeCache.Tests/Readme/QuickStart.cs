using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Tests.Readme;

/// <summary>The C# of README.md, so that it is compiled. Every block there stands here, line by line.</summary>
internal static class QuickStart
{
    public static void Run(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);

        builder.Services.AddCascadeDistributedCache(builder.Configuration.GetSection("CascadeCache"));
        builder.Services.AddSession(options => options.IdleTimeout = TimeSpan.FromMinutes(20));

        var app = builder.Build();
        app.UseSession();

        app.MapGet("/", async (HttpContext context) =>
        {
            await context.Session.LoadAsync();
            int visits = (context.Session.GetInt32("visits") ?? 0) + 1;
            context.Session.SetInt32("visits", visits);
            await context.Session.CommitAsync();
            return $"Visit {visits}";
        });

        app.Run();
    }

    public static void Register(WebApplicationBuilder builder)
    {
        builder.Services.AddCascadeDistributedCache(options => options.Consistency = CascadeConsistency.Strict);
        builder.Services.AddKeyedCascadeDistributedCache("carts", options => options.KeyPrefix = "cart.");
        builder.Services.AddKeyedCascadeDistributedCache("scratch", options => options.Backends = CascadeBackends.Memcache);
        builder.Services.AddKeyedCascadeDistributedCache("ledger", options => options.Backends = CascadeBackends.Datastore);
    }

    public static void Protect(WebApplicationBuilder builder)
    {
        builder.Services.AddDataProtection();
        builder.Services.AddCascadeDistributedCache(builder.Configuration.GetSection("CascadeCache")).ProtectValues();
    }

    public static async Task ReplaceAsync(IVersionedDistributedCache cache, byte item, CancellationToken token)
    {
        CacheVersion? stored = null;
        while (stored is null)
        {
            VersionedValue cart = await cache.GetVersionedAsync("cart", token);
            byte[] changed = AddToCart(cart.Value, item);
            stored = await cache.TrySetAsync("cart", changed, cart.Version, new DistributedCacheEntryOptions(), token);
        }
    }

    public static void Watch(WebApplicationBuilder builder, WebApplication app)
    {
        builder.Services.AddHealthChecks().AddCascadeCache();
        app.MapHealthChecks("/health");
    }

    private static byte[] AddToCart(byte[]? cart, byte item) => [.. cart ?? [], item];
}
