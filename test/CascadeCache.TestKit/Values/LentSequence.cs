using System.Buffers;
using CascadeCache.Primitives;

namespace CascadeCache.TestKit.Values;

/// <summary>
/// A value in memory that is only lent: as soon as it was taken back it holds garbage, and whoever still looks at it is found out. Thread-safe.
/// </summary>
internal sealed class LentSequence
{
    public const byte Garbage = 0xDB;

    private readonly List<Lent> _pieces = [];
    private int _lateUses;

    public LentSequence(ReadOnlySpan<byte> bytes, int pieces = 3)
    {
        int size = Math.Max(1, (bytes.Length + pieces - 1) / pieces);
        for (int start = 0; start < bytes.Length; start += size)
        {
            _pieces.Add(new Lent(this, bytes.Slice(start, Math.Min(size, bytes.Length - start)).ToArray()));
        }

        Bytes = ByteSequence.Of([.. _pieces.Select(static piece => (ReadOnlyMemory<byte>)piece.Memory)]);
    }

    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>How often the memory was asked for after it was taken back.</summary>
    public int LateUses => Volatile.Read(ref _lateUses);

    /// <summary>From now on the memory is the lender's, who uses it for something else.</summary>
    public void TakeBack() => _pieces.ForEach(static piece => piece.TakeBack());

    // Who asked before and looks after sees garbage; who asks after is counted, and told.
    private sealed class Lent(LentSequence whole, byte[] bytes) : MemoryManager<byte>
    {
        private volatile bool _isTakenBack;

        public void TakeBack()
        {
            _isTakenBack = true;
            bytes.AsSpan().Fill(Garbage);
        }

        public override Span<byte> GetSpan()
        {
            Check();
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            Check();
            return bytes.AsMemory(elementIndex).Pin();
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }

        public override Memory<byte> Memory => CreateMemory(bytes.Length);

        private void Check()
        {
            if (_isTakenBack)
            {
                Interlocked.Increment(ref whole._lateUses);
                throw new InvalidOperationException("The memory of a value was used after the call that it was lent for.");
            }
        }
    }
}
