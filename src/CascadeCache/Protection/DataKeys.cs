using System.Security.Cryptography;
using CascadeCache.Diagnostics;
using CascadeCache.Primitives;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace CascadeCache.Protection;

/// <summary>
/// The keys that items are sealed and opened with. Each process seals with a random key of its own, which Data Protection wraps once and which every item carries; a reader has it unwrapped
/// once and remembers it for a while. So an item costs no call to Data Protection, and a key of its ring that was revoked is not believed for longer than that while. Any thread.
/// </summary>
/// <remarks>What could not be unwrapped is remembered too, and apart: forged items can neither make every read ask Data Protection nor push out the keys that are in use.</remarks>
internal sealed class DataKeys(IDataProtector protector, FillRandom random, TimeProvider time, ILogger logger)
{
    /// <summary>For how long Data Protection's word for a key is taken. Its own knowledge of what was revoked may be older.</summary>
    public static readonly TimeSpan TrustTime = TimeSpan.FromMinutes(10);

    /// <summary>For how long a key that could not be unwrapped is not tried again. Short: the ring may only have had no news of it yet.</summary>
    public static readonly TimeSpan DistrustTime = TimeSpan.FromMinutes(1);

    /// <summary>For how long a process seals with one key.</summary>
    public static readonly TimeSpan SealingTime = TimeSpan.FromHours(4);

    /// <summary>How long after a failure to wrap a key the next attempt is made: Data Protection may have to ask a store that is down.</summary>
    public static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(10);

    /// <summary>How many keys are remembered of each sort: more than hundreds of processes have in use at once.</summary>
    public const int Capacity = 1024;

    private readonly RecentKeys _trusted = new(time, Capacity, TrustTime);
    private readonly RecentKeys _distrusted = new(time, Capacity, DistrustTime);
    private readonly LogThrottle _failures = new(time, TimeSpan.FromMinutes(1));
    private Sealing? _sealing;
    private Failure? _failure;

    /// <summary>
    /// How many items are sealed with one key. With random nonces of 96 bits two of 2^30 items have the same one with a probability of 2^-37.
    /// </summary>
    public long MaxItems { get; init; } = 1L << 30;

    /// <summary>How many wrapped keys are remembered.</summary>
    public int Remembered => _trusted.Count + _distrusted.Count;

    /// <summary>The key to seal with.</summary>
    /// <param name="error">Why there is none.</param>
    public DataKey? Current(out Exception? error)
    {
        error = null;
        Sealing? current = Volatile.Read(ref _sealing);

        // One that Data Protection no longer vouches for would make items that nobody else believes.
        if (current is not null && time.GetElapsedTime(current.Since) < SealingTime && current.Key.SealedItems < MaxItems && Find(current.Key.Wrapped) is not null)
        {
            return current.Key;
        }

        if (Volatile.Read(ref _failure) is { } failure && time.GetElapsedTime(failure.At) < RetryTime)
        {
            error = failure.Error;
            return null;
        }

        if (TryMake(out error) is not { } made)
        {
            return null;
        }

        // No lock: Data Protection may take long. Of several that were made at once one is used.
        Sealing? other = Interlocked.CompareExchange(ref _sealing, made, current);
        Sealing winner = ReferenceEquals(other, current) ? made : other ?? made;
        _trusted.Add(winner.Key.Wrapped, winner.Key);
        return winner.Key;
    }

    /// <summary>The key that <paramref name="wrapped"/> is for those who share the ring; null: none, or one that was revoked.</summary>
    public DataKey? Find(ReadOnlySpan<byte> wrapped)
    {
        if (_trusted.TryGet(wrapped, out DataKey? known))
        {
            return known;
        }

        if (_distrusted.TryGet(wrapped, out _))
        {
            return null;
        }

        byte[] name = wrapped.ToArray();
        if (TryUnwrap(name) is not { } key)
        {
            _distrusted.Add(name, null);
            return null;
        }

        var found = new DataKey(key, name);
        _trusted.Add(name, found);
        return found;
    }

    private byte[]? TryUnwrap(byte[] wrapped)
    {
        try
        {
            return protector.Unprotect(wrapped) is { Length: DataKey.Size } key ? key : null;
        }
        catch (CryptographicException)
        {
            return null; // forged, of another ring, or revoked: the item is counted and reported as rejected by whoever reads it
        }
    }

    private Sealing? TryMake(out Exception? error)
    {
        byte[] key = new byte[DataKey.Size];
        random(key);
        try
        {
            byte[] wrapped = protector.Protect(key);
            if (wrapped.Length is > 0 and <= SealedFormat.MaxWrappedKeySize)
            {
                error = null;
                return new Sealing(new DataKey(key, wrapped), time.GetTimestamp());
            }

            error = new CryptographicException($"Data Protection made {wrapped.Length} bytes of a key; at most {SealedFormat.MaxWrappedKeySize} are supported.");
        }
        catch (CryptographicException e)
        {
            error = e;
        }

        Volatile.Write(ref _failure, new Failure(error, time.GetTimestamp()));
        if (_failures.ShouldLog())
        {
            CascadeLog.SealingFailed(logger, error);
        }

        return null;
    }

    private sealed record Sealing(DataKey Key, long Since);

    private sealed record Failure(Exception Error, long At);
}
