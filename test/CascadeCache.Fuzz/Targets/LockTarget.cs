using System.Buffers.Binary;
using CascadeCache.Entries;
using CascadeCache.Fuzz.Engine;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// The input is a lock as it stands in memcached: bytes 0 to 3 the seconds that it has left, the rest its bytes. Whatever it is, a writer can put itself into it and take
/// itself out again, at a bounded cost, and it never keeps its key uncached for longer than it already would have, nor than a write can take.
/// </summary>
/// <param name="read">How a lock is read; null: as the flow reads it. For readers that are broken on purpose.</param>
internal sealed class LockTarget(LockTarget.ReadLock? read = null) : IFuzzTarget
{
    internal delegate LockRecord ReadLock(ReadOnlySpan<byte> item, int secondsToLive);

    private const int PrefixSize = 4;
    private const int MyTime = 31;
    private const int MaxSize = 20_000;

    private static readonly Guid Me = new(0x0BADCAFE, 0, 0, new byte[8]);
    private readonly ReadLock _read = read ?? LockRecord.Read;

    public string Name => "lock";

    public bool IsText => false;

    public IReadOnlyList<byte[]> Tokens { get; } =
        [[0xC1, 4, 0], [0xC1, 4, 1], [.. Me.ToByteArray(), 31, 0], [.. new byte[16], 0xFF, 0xFF], [.. new byte[16], 5, 0]];

    public long MaxAllocatedBytes(int inputLength) => (1024 * 1024) + (200L * inputLength);

    public string Run(ReadOnlyMemory<byte> input)
    {
        if (input.Length < PrefixSize)
        {
            return "";
        }

        int secondsToLive = BinaryPrimitives.ReadInt32LittleEndian(input.Span);
        LockRecord seen = _read(input.Span[PrefixSize..], secondsToLive);
        PropertyException.Require(seen.SecondsLeft <= LockRecord.MaxSeconds, $"a lock of {seen.SecondsLeft} s");
        PropertyException.Require(secondsToLive < 0 || seen.SecondsLeft <= secondsToLive, $"a lock of {seen.SecondsLeft} s where {secondsToLive} s are left");
        CheckSame(seen);

        LockRecord mine = seen.With(Me, MyTime);
        PropertyException.Require(mine.IsHeldBy(Me), "a writer is not in the lock that it takes");
        PropertyException.Require(mine.Contended || seen.IsEmpty || seen.Without(Me).IsEmpty, "two writers are not contended");
        PropertyException.Require(mine.Contended || !seen.Contended, "a contended lock has become another");
        PropertyException.Require(mine.SecondsLeft <= Math.Max(seen.SecondsLeft, MyTime), "taking a lock prolongs it for others");
        PropertyException.Require(mine.Size <= MaxSize, $"a lock of {mine.Size} bytes");
        CheckSame(mine);

        LockRecord left = mine.Without(Me);
        PropertyException.Require(!left.IsHeldBy(Me) && left.Contended, "a writer stays in the lock that it leaves");
        CheckSame(left);
        return $"{seen.Contended} {Math.Min(3, (seen.Size - 3) / 18)} {seen.IsHeldBy(Me)} {left.IsEmpty} {mine.SecondsLeft > MyTime}";
    }

    private void CheckSame(LockRecord record)
    {
        byte[] bytes = new byte[record.Size];
        record.Write(bytes);
        LockRecord again = _read(bytes, record.SecondsLeft + 1);
        byte[] bytesAgain = new byte[again.Size];
        again.Write(bytesAgain);
        PropertyException.Require(bytes.AsSpan().SequenceEqual(bytesAgain), "a lock that is written is read as another");
    }
}
