namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>What a fresh server answers to some bytes, in full. ⏎ stands for CR LF.</summary>
internal sealed record Transcript(string Name, string Request, string Reply)
{
    public static IReadOnlyList<Transcript> All { get; } =
        [.. MetaTranscripts.All, .. LeaseTranscripts.All, .. ClassicTranscripts.All, .. ErrorTranscripts.All];
}
