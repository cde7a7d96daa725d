using System.Net.Security;

namespace CascadeCache.Memcache.Connections;

/// <summary>What every connection of a client is made with.</summary>
/// <param name="Options">The options; read only.</param>
/// <param name="Time">Clock and timers.</param>
/// <param name="Jitter">Numbers from 0 to 1.</param>
/// <param name="Observer">Told of every connection made and lost.</param>
internal sealed record ConnectionSettings(MemcacheOptions Options, TimeProvider Time, Func<double> Jitter, IMemcacheObserver Observer)
{
    /// <summary>Looks after readers that run callers' code.</summary>
    public ReaderWatch Watch { get; init; } = new();

    /// <summary>Judges a server's certificate in place of the system's trust; for tests, whose certificates nobody trusts.</summary>
    public RemoteCertificateValidationCallback? JudgeCertificate { get; init; }
}
