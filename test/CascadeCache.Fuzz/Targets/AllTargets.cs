using CascadeCache.Fuzz.Engine;

namespace CascadeCache.Fuzz.Targets;

/// <summary>Every target, each newly made: one instance serves one run.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<IFuzzTarget> Create() =>
    [
        new ReplyTarget(),
        new HandshakeTarget(),
        new DiscoveryTarget(),
        new EntryTarget(),
        new LockTarget(),
        new EntityTarget(),
        new KeyTarget(),
        new ValueTarget(),
        new SealedTarget(),
    ];
}
