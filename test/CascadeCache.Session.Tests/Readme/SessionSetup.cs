using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Session.Tests.Readme;

/// <summary>The C# of README.md about sessions, so that it is compiled.</summary>
internal static class SessionSetup
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.Services.AddCascadeDistributedCache(builder.Configuration.GetSection("CascadeCache"));
        builder.Services.AddSession();
        builder.Services.AddCascadeSession(options => options.CommitBeforeResponse = true);

        var app = builder.Build();
        app.UseSession();
        app.UseCascadeSessionPreload();
    }
}
