using CascadeCache.Session.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CascadeCache.Session.CommitBeforeResponse;

/// <summary>Puts a <see cref="ResponseCommit"/> before all of the pipeline if the options ask for it; otherwise nothing.</summary>
internal sealed class ResponseCommitFilter(IOptions<CascadeSessionOptions> options, ILoggerFactory loggerFactory) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        if (options.Value.CommitBeforeResponse)
        {
            ILogger logger = loggerFactory.CreateLogger(SessionLog.Category);
            app.Use(rest => context => new ResponseCommit(logger).RunAsync(context, rest));
        }

        next(app);
    };
}
