using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CascadeCache.Memcache.Routing;

/// <summary>
/// The continuum that decides which server a key belongs to, the same as libmemcached's weighted ketama with equal weights: 160 points a server, four
/// from each MD5 of <c>host:port-i</c> (<c>host-i</c> on port 11211). Adding or taking away a server moves only the keys of its share.
/// Immutable; the order of the servers does not matter.
/// </summary>
internal sealed class KetamaRing<TNode>
{
    private const int HashesPerServer = 40;
    private const int PointsPerHash = 4;

    private readonly uint[] _points;
    private readonly TNode[] _nodes;

    public KetamaRing(IReadOnlyList<(MemcacheServerAddress Address, TNode Node)> servers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(servers.Count);
        int count = servers.Count * HashesPerServer * PointsPerHash;
        (_points, _nodes) = (new uint[count], new TNode[count]);
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        int next = 0;

        // Ordered, so that two points that fall together belong to the same server whatever the order of configuration.
        foreach ((MemcacheServerAddress address, TNode node) in servers.OrderBy(static s => s.Address.ToString(), StringComparer.Ordinal))
        {
            for (int i = 0; i < HashesPerServer; i++)
            {
                Hash(Encoding.UTF8.GetBytes(PointName(address, i)), digest);
                for (int part = 0; part < PointsPerHash; part++, next++)
                {
                    _points[next] = BinaryPrimitives.ReadUInt32LittleEndian(digest[(part * 4)..]);
                    _nodes[next] = node;
                }
            }
        }

        Array.Sort(_points, _nodes);
    }

    public IReadOnlyList<uint> Points => _points;

    public TNode Find(ReadOnlySpan<byte> key)
    {
        if (_nodes.Length == HashesPerServer * PointsPerHash)
        {
            return _nodes[0]; // a single server owns the whole ring
        }

        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        Hash(key, digest);
        int index = Array.BinarySearch(_points, BinaryPrimitives.ReadUInt32LittleEndian(digest));
        if (index < 0)
        {
            index = ~index;
        }

        return _nodes[index == _nodes.Length ? 0 : index];
    }

    private static string PointName(MemcacheServerAddress address, int i) =>
        address.Port == MemcacheServerAddress.DefaultPort
            ? string.Create(CultureInfo.InvariantCulture, $"{address.Host}-{i}")
            : string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}-{i}");

#pragma warning disable CA5351 // MD5 is what ketama is defined with; nothing here is a secret.
    private static void Hash(ReadOnlySpan<byte> text, Span<byte> digest) => MD5.HashData(text, digest);
#pragma warning restore CA5351
}
