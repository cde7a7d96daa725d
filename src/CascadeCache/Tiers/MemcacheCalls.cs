using CascadeCache.Memcache;
using CascadeCache.Primitives;
using CascadeCache.Resilience;
using Polly;

namespace CascadeCache.Tiers;

/// <summary>
/// Takes requests to one server: past its resilience pipelines as long as the server is well, through them as soon as it is not. No failure of the server is an exception.
/// </summary>
/// <remarks>
/// What a request that goes past them keeps: the connection ends it after the operation time-out, its failure is the first attempt of the pipeline, and the circuit breaker learns of its success.
/// </remarks>
internal sealed class MemcacheCalls(TierResilience<MemcacheReply> resilience, TimeSpan totalTimeout, TimeProvider time)
{
    /// <summary>One request, which can be sent again.</summary>
    internal interface IRequest
    {
        /// <summary>Whether sending it twice does no harm.</summary>
        bool MayRepeat { get; }

        ValueTask<MemcacheReply> SendAsync(CallContext call);
    }

    /// <summary>Sends the request once, past the pipelines, if the server is well; otherwise the answer is that nothing was sent. The answer goes to <see cref="IsFinal"/>.</summary>
    public ValueTask<MemcacheReply> SendAsync<TRequest>(in TRequest request, CallContext call)
        where TRequest : struct, IRequest =>
        resilience.IsClosed
            ? request.SendAsync(call with { IsDirect = true })
            : ValueTask.FromResult(MemcacheReply.Unavailable(MemcacheFault.NotConnected, maybeExecuted: false, error: null));

    /// <summary>Whether that was all; otherwise <see cref="GoOnAsync"/> goes on.</summary>
    public bool IsFinal(in MemcacheReply reply)
    {
        if (reply.Status == MemcacheStatus.Unavailable)
        {
            return false;
        }

        resilience.Succeeded();
        return true;
    }

    /// <summary>Goes on with a request that could not be answered past the pipelines.</summary>
    /// <param name="request">The request.</param>
    /// <param name="failed">What came of it.</param>
    /// <param name="began">When it was sent; a timestamp.</param>
    /// <param name="call">How the caller waits.</param>
    public async ValueTask<MemcacheReply> GoOnAsync<TRequest>(TRequest request, MemcacheReply failed, long began, CallContext call)
        where TRequest : struct, IRequest
    {
        resilience.TellSuccesses(new MemcacheReply { Status = MemcacheStatus.Done });
        if (failed is { Fault: MemcacheFault.NotConnected, MaybeExecuted: false })
        {
            // Nothing was tried: making a connection is the pipeline's first attempt.
            return await RunThroughAsync(new Attempts<TRequest>(request, call, null), call, call.CancellationToken).ConfigureAwait(false);
        }

        // The pipeline's own limit begins only now, and what was waited for already counts.
        TimeSpan left = totalTimeout - time.GetElapsedTime(began);
        using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, call.CancellationToken);
        return await RunThroughAsync(new Attempts<TRequest>(request, call, failed), call, either.Token).ConfigureAwait(false);
    }

    private async ValueTask<MemcacheReply> RunThroughAsync<TRequest>(Attempts<TRequest> attempts, CallContext call, CancellationToken limit)
        where TRequest : struct, IRequest
    {
        // A blocking caller goes to the next tier at once: the delay before a retry is a timer of the thread pool.
        ResiliencePipeline<MemcacheReply> pipeline = attempts.MayRepeat && !call.Blocking ? resilience.Retrying : resilience.Once;
        ResilienceContext context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, limit);
        try
        {
            Outcome<MemcacheReply> outcome = await pipeline
                .ExecuteOutcomeAsync(static (c, a) => a.NextAsync(c.CancellationToken), context, attempts)
                .ConfigureAwait(false);
            if (outcome.Exception is null)
            {
                return outcome.Result;
            }

            // Only the caller's own cancellation is the caller's; an open circuit and a time-out of ours are answers.
            call.CancellationToken.ThrowIfCancellationRequested();
            return MemcacheReply.Unavailable(MemcacheFault.TimedOut, maybeExecuted: true, outcome.Exception);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>The attempts of one request; the first may have been made already.</summary>
    private sealed class Attempts<TRequest>(TRequest request, CallContext call, MemcacheReply? made)
        where TRequest : struct, IRequest
    {
        private MemcacheReply? _made = made;

        public bool MayRepeat => request.MayRepeat;

        public async ValueTask<Outcome<MemcacheReply>> NextAsync(CancellationToken cancellationToken)
        {
            if (_made is { } reply)
            {
                _made = null;
                return Outcome.FromResult(reply);
            }

            try
            {
                return Outcome.FromResult(await request.SendAsync(call with { CancellationToken = cancellationToken }).ConfigureAwait(false));
            }
            catch (OperationCanceledException e)
            {
                return Outcome.FromException<MemcacheReply>(e);
            }
        }
    }
}
