using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>What a request does, as a text: steps with semicolons between them, such as <c>load;gate:1;set:a=1;show</c>. What the steps find is the response.</summary>
internal static class Script
{
    public static async Task RunAsync(HttpContext context)
    {
        var found = new List<string>();
        foreach (string step in ((string?)context.Request.Query["do"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = step.Split(':', 2);
            if (await StepAsync(context, parts[0], parts.Length > 1 ? parts[1] : "") is { } text)
            {
                found.Add(text);
            }
        }

        // Without a length: the last chunk is sent when all is done, the end of the session too. So that who has the response can count the calls.
        if (found.Count > 0)
        {
            await context.Response.WriteAsync(string.Join(' ', found), context.RequestAborted);
        }
    }

    /// <summary>The names and values of a session, in the order of the names.</summary>
    public static string Show(ISession session) => session.IsAvailable
        ? string.Join(',', session.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}={session.GetString(name)}"))
        : "(unavailable)";

    private static async Task<string?> StepAsync(HttpContext context, string step, string argument)
    {
        ISession session = context.Session;
        switch (step)
        {
            case "load":
                await session.LoadAsync(context.RequestAborted);
                return null;
            case "tryload":
                return await TryAsync(() => session.LoadAsync(context.RequestAborted));
            case "cancelledload":
                return await TryAsync(() => session.LoadAsync(new CancellationToken(canceled: true)));
            case "set":
                string[] pair = argument.Split('=');
                session.SetString(pair[0], pair[1]);
                return null;
            case "remove":
                session.Remove(argument);
                return null;
            case "clear":
                session.Clear();
                return null;
            case "commit":
                await session.CommitAsync(context.RequestAborted);
                return null;
            case "trycommit":
                return await TryAsync(() => session.CommitAsync(context.RequestAborted));
            case "read":
                session.TryGetValue("k", out _);
                return null;
            case "show":
                return Show(session);
            case "id":
                return session.Id;
            case "type":
                return session is CascadeSession ? "ours" : "other";
            default:
                return await HttpStepAsync(context, step, argument);
        }
    }

    private static async Task<string?> HttpStepAsync(HttpContext context, string step, string argument)
    {
        IServiceProvider services = context.RequestServices;
        switch (step)
        {
            case "gate":
                await services.GetRequiredService<Gates>().PassAsync(argument);
                return null;
            case "advance":
                ((FakeTimeProvider)services.GetRequiredService<TimeProvider>()).Advance(TimeSpan.Parse(argument, System.Globalization.CultureInfo.InvariantCulture));
                return null;
            case "start":
                await context.Response.StartAsync(context.RequestAborted);
                return null;
            case "flush":
                await context.Response.Body.FlushAsync(context.RequestAborted);
                return null;
            case "redirect":
                context.Response.Redirect(argument);
                return null;
            case "status":
                context.Response.StatusCode = int.Parse(argument, System.Globalization.CultureInfo.InvariantCulture);
                return null;
            case "throw":
                throw new InvalidOperationException("The application failed.");
            case "other":
                await services.GetRequiredService<IDistributedCache>().GetAsync("other", context.RequestAborted);
                return null;
            default:
                throw new InvalidOperationException($"No such step: {step}.");
        }
    }

    private static async Task<string> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return "ok";
        }
        catch (Exception exception)
        {
            return exception.GetType().Name;
        }
    }
}
