using System.Buffers.Text;

namespace CascadeCache.Emulators.Memcached;

/// <summary>The compound changes that the classic and the meta commands share. Callers hold <see cref="ItemStore.Gate"/>.</summary>
internal static class ItemOperations
{
    /// <summary>
    /// Stores <paramref name="item"/>. <paramref name="cas"/> is what the client compares with; 0 compares with nothing, except
    /// that <see cref="StoreMode.Cas"/> then never matches. <paramref name="allowStale"/>: a lower CAS stores the value marked stale.
    /// On success <paramref name="stored"/> is what lies in the store now (a new item when appending).
    /// </summary>
    public static StoreResult Store(
        this ItemStore store, CacheItem item, StoreMode mode, ulong cas, bool allowStale, out CacheItem? stored)
    {
        store.Counters.Sets++;
        stored = null;
        if (store.Find(item.Key) is not { } old)
        {
            return StoreMissing(store, item, mode, out stored);
        }

        switch (mode)
        {
            case StoreMode.Add:
                store.Renew(old);
                return StoreResult.NotStored;

            case StoreMode.Cas when cas != 0 && cas == old.Cas:
                store.Counters.CasHits++;
                break;

            case StoreMode.Cas when allowStale && cas != 0 && cas < old.Cas:
                store.Counters.CasHits++;
                item.Expiry = old.Expiry;
                item.Stale = true;
                item.TokenSent = old.TokenSent;
                break;

            case StoreMode.Cas:
                store.Counters.CasBadValues++;
                return StoreResult.Exists;

            case StoreMode.Append or StoreMode.Prepend:
                if (cas != 0 && cas != old.Cas)
                {
                    return StoreResult.Exists;
                }

                if (Joined(store, old, item, mode) is not { } joined)
                {
                    return StoreResult.NotStored;
                }

                item = joined;
                break;
        }

        Replace(store, old, item);
        stored = item;
        return StoreResult.Stored;
    }

    /// <summary>
    /// Adds to or takes from a decimal number: up wraps at 2^64, down stops at 0. <paramref name="item"/> is the item a reply
    /// speaks of: when the number grew longer that is the replaced one with the new CAS, so that a TTL set on it has no effect.
    /// </summary>
    public static DeltaResult AddDelta(
        this ItemStore store, ReadOnlySpan<byte> key, bool up, ulong delta, ulong cas, out ulong number, out CacheItem? item)
    {
        number = 0;
        item = null;
        if (store.Find(key) is not { } found)
        {
            return DeltaResult.NotFound;
        }

        if (found.Value.Length == 0 || found.IsChunked)
        {
            return DeltaResult.NonNumeric;
        }

        if (cas != 0 && cas != found.Cas)
        {
            return DeltaResult.CasMismatch;
        }

        if (!CNumber.TryUInt64(found.Value, out number))
        {
            return DeltaResult.NonNumeric;
        }

        number = up ? unchecked(number + delta) : number - Math.Min(number, delta);
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var length);
        if (!WriteNumber(store, found, text[..length]))
        {
            return DeltaResult.OutOfMemory;
        }

        store.Counters.IncrHits += up ? 1 : 0;
        store.Counters.DecrHits += up ? 0 : 1;
        item = found;
        return DeltaResult.Done;
    }

    /// <summary>Removes whatever lies under the key after a store that failed for size or memory.</summary>
    public static void Discard(this ItemStore store, ReadOnlySpan<byte> key)
    {
        if (store.Find(key) is { } old)
        {
            store.Remove(old);
        }
    }

    private static StoreResult StoreMissing(ItemStore store, CacheItem item, StoreMode mode, out CacheItem? stored)
    {
        stored = null;
        switch (mode)
        {
            case StoreMode.Cas:
                store.Counters.CasMisses++;
                return StoreResult.NotFound;
            case StoreMode.Set or StoreMode.Add:
                store.Link(item);
                TrimToLimit(store);
                stored = item;
                return StoreResult.Stored;
            default:
                return StoreResult.NotStored;
        }
    }

    private static CacheItem? Joined(ItemStore store, CacheItem old, CacheItem addition, StoreMode mode)
    {
        var length = old.Value.Length + addition.Value.Length;
        if (!store.FitsLimit(old.Key.Length, old.ClientFlags, length))
        {
            return null;
        }

        byte[] value = mode == StoreMode.Append ? [.. old.Value, .. addition.Value] : [.. addition.Value, .. old.Value];
        return new CacheItem(old.Key, value, old.ClientFlags, old.Expiry);
    }

    private static void Replace(ItemStore store, CacheItem old, CacheItem item)
    {
        store.Remove(old);
        store.Link(item);
        TrimToLimit(store);
    }

    // Room was made when the command line came; other connections may have stored while the payload was under way.
    private static void TrimToLimit(ItemStore store) => store.MakeRoom(0);

    private static bool WriteNumber(ItemStore store, CacheItem item, ReadOnlySpan<byte> text)
    {
        if (text.Length > item.Value.Length)
        {
            var longer = new CacheItem(item.Key, text.ToArray(), item.ClientFlags, item.Expiry);
            if (!store.FitsLimit(item.Key.Length, item.ClientFlags, text.Length) || !store.MakeRoom(text.Length))
            {
                return false;
            }

            Replace(store, item, longer);
            item.Cas = longer.Cas;
            return true;
        }

        // A shorter number keeps its width. (A real server stores it as a new item, unpadded, while an earlier reply that it has
        // not sent yet holds the old one: that depends on how a client's commands arrive, and is left out.)
        var padded = new byte[item.Value.Length];
        padded.AsSpan().Fill((byte)' ');
        text.CopyTo(padded);
        item.Value = padded;
        item.Cas = store.NextCas();
        store.Renew(item);
        return true;
    }
}
