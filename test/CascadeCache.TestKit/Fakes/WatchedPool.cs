using System.Buffers;
using System.Collections.Concurrent;

namespace CascadeCache.TestKit.Fakes;

/// <summary>
/// A pool whose mistakes show: memory comes full of garbage and larger than asked for, is worthless after it was given back, is never given to a second user, and must not be given back
/// twice. Thread-safe.
/// </summary>
internal sealed class WatchedPool : ArrayPool<byte>
{
    public const byte Garbage = 0xEE;
    public const byte Returned = 0xDD;

    private readonly ConcurrentDictionary<byte[], bool> _rented = new(ReferenceEqualityComparer.Instance);
    private int _rents;
    private int _largest;

    /// <summary>What was not given back yet.</summary>
    public int Open => _rented.Count;

    /// <summary>How often memory was asked for.</summary>
    public int Rents => Volatile.Read(ref _rents);

    /// <summary>The most that was asked for at once.</summary>
    public int Largest => Volatile.Read(ref _largest);

    public override byte[] Rent(int minimumLength)
    {
        Interlocked.Increment(ref _rents);
        int seen = Volatile.Read(ref _largest);
        while (minimumLength > seen)
        {
            seen = Interlocked.CompareExchange(ref _largest, minimumLength, seen) is var was && was == seen ? minimumLength : was;
        }

        byte[] array = new byte[minimumLength + 13];
        array.AsSpan().Fill(Garbage);
        _rented.TryAdd(array, true);
        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        if (!_rented.TryRemove(array, out _))
        {
            throw new InvalidOperationException("Memory was given back twice, or to the wrong pool.");
        }

        array.AsSpan().Fill(Returned);
    }
}
