using System.Buffers;

namespace CascadeCache.TestKit.Values;

/// <summary>A destination that gives memory in pieces of one size, whatever it is asked for, and never the same piece again.</summary>
internal sealed class OddWriter(int size) : IBufferWriter<byte>
{
    private readonly List<byte> _written = [];
    private byte[] _piece = [];

    public byte[] Written => [.. _written];

    /// <summary>How often it was told that something was written.</summary>
    public int Advances { get; private set; }

    /// <summary>What it was asked for the first time.</summary>
    public int FirstHint { get; private set; } = -1;

    public void Advance(int count)
    {
        Advances++;
        _written.AddRange(_piece.AsSpan(0, count));
        _piece.AsSpan().Fill(0xEE); // what is written later was not written
        _piece = [];
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        FirstHint = FirstHint < 0 ? sizeHint : FirstHint;
        return _piece = new byte[size];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
