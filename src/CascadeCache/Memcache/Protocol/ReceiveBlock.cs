using System.Buffers;
using CascadeCache.Primitives;

namespace CascadeCache.Memcache.Protocol;

/// <summary>
/// A piece of the receive buffer, in which values stay where the socket has put them until their readers have copied them. Cut by the connection's own thread; the parts are given
/// back by any thread. The memory returns to its pool when the connection has moved on and every part is back.
/// </summary>
/// <remarks>
/// A block lives once: what is given back late or twice meets the same object with the same marks, never memory that is somebody else's by now. For the same reason a part's number is
/// never given again.
/// </remarks>
internal sealed class ReceiveBlock : ILender
{
    public const int Size = 64 * 1024;

    /// <summary>How many parts it lends altogether.</summary>
    public const int MaxParts = 2048;

    private const int BitsPerWord = 32;

    private readonly ArrayPool<byte> _pool;
    private readonly byte[] _array;
    private readonly uint[] _returned = new uint[MaxParts / BitsPerWord];
    private int _parts;

    // The connection's own share is one of them.
    private int _outstanding = 1;

    public ReceiveBlock(ArrayPool<byte> pool) => (_pool, _array) = (pool, pool.Rent(Size));

    /// <summary>All of it. Only for the connection's thread, until <see cref="Leave"/>.</summary>
    public Span<byte> Bytes => _array.AsSpan(0, Size);

    public bool CanLend => _parts < MaxParts;

    /// <summary>Whether nothing of it is lent and it has lent little: it can be filled from its beginning once more.</summary>
    public bool CanStartAgain => Volatile.Read(ref _outstanding) == 1 && _parts < MaxParts / 2;

    /// <summary>Lends a part.</summary>
    public ReceivedValue Lend(int start, int length)
    {
        Interlocked.Increment(ref _outstanding);
        return new ReceivedValue(_array.AsMemory(start, length), new Loan(this, _parts++));
    }

    /// <summary>Gives the connection's own share back.</summary>
    public void Leave() => Release();

    public void Return(int number)
    {
        uint bit = 1u << (number % BitsPerWord);
        if ((Interlocked.Or(ref _returned[number / BitsPerWord], bit) & bit) == 0)
        {
            Release();
        }
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _outstanding) == 0)
        {
            _pool.Return(_array);
        }
    }
}
