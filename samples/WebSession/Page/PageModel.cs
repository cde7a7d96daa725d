using CascadeCache;

namespace WebSession.Page;

/// <summary>All that the page shows.</summary>
internal sealed class PageModel
{
    /// <summary>Whether the session could be loaded.</summary>
    public required bool IsLoaded { get; init; }

    public required int Visits { get; init; }

    public required IReadOnlyList<SessionValue> Values { get; init; }

    public required IReadOnlyList<CacheCall> Calls { get; init; }

    public required CascadeCacheStatistics Statistics { get; init; }

    public required string? Failure { get; init; }

    public required string FormTokenName { get; init; }

    public required string FormToken { get; init; }
}

/// <summary>One value of the session.</summary>
internal sealed record SessionValue(string Name, byte[] Bytes);
