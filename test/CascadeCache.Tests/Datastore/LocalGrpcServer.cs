using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CascadeCache.Tests.Datastore;

/// <summary>A real HTTP/2 server on a loopback port that answers as the test says: for what only a transport can do.</summary>
internal sealed class LocalGrpcServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalGrpcServer(WebApplication app) => _app = app;

    public string Address => new Uri(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Authority;

    /// <param name="answer">Gives the message of a successful answer; may abort the request or wait.</param>
    public static async Task<LocalGrpcServer> StartAsync(Func<HttpContext, byte[], Task<IMessage>> answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        WebApplication app = builder.Build();
        app.Run(context => HandleAsync(context, answer));
        await app.StartAsync();
        return new LocalGrpcServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task HandleAsync(HttpContext context, Func<HttpContext, byte[], Task<IMessage>> answer)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        byte[] message = (await answer(context, body.ToArray()[5..])).ToByteArray();
        byte[] prefix = [0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length];
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(prefix, context.RequestAborted);
        await context.Response.Body.WriteAsync(message, context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
