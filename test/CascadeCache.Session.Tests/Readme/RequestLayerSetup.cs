using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Session.Tests.Readme;

/// <summary>The C# of README.md about the request layer, so that it is compiled.</summary>
internal static class RequestLayerSetup
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.Services.AddCascadeDistributedCache(options => options.Backends = CascadeBackends.All);
        builder.Services.AddCascadeRequestLayer(options =>
        {
            options.KeyPrefixes.Add("menu.");
            options.Includes = key => key.EndsWith(".price", StringComparison.Ordinal);
        });
    }
}
