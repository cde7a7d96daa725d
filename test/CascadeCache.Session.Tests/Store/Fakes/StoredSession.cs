using System.Buffers.Binary;
using System.Text;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>A stored session, read and written independently of the code under test.</summary>
internal sealed record StoredSession(string Id, IReadOnlyDictionary<string, string> Values)
{
    public static StoredSession Read(byte[] bytes)
    {
        Assert.Equal(2, bytes[0]);
        int count = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0xFFFFFF);
        var values = new Dictionary<string, string>();
        int at = 20;
        for (int i = 0; i < count; i++)
        {
            string name = Take(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)), 2);
            values.Add(name, Take((int)BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)), 4));
        }

        Assert.Equal(bytes.Length, at);
        return new StoredSession(new Guid(bytes.AsSpan(4, 16)).ToString(), values);

        string Take(int length, int prefix)
        {
            string text = Encoding.UTF8.GetString(bytes, at + prefix, length);
            at += prefix + length;
            return text;
        }
    }

    public static byte[] Write(byte id, params (string Name, string Value)[] values)
    {
        var bytes = new List<byte> { 2, 0, (byte)(values.Length >> 8), (byte)values.Length };
        bytes.AddRange(Enumerable.Repeat(id, 16));
        foreach ((string name, string value) in values)
        {
            bytes.AddRange([(byte)(name.Length >> 8), (byte)name.Length, .. Encoding.UTF8.GetBytes(name)]);
            bytes.AddRange([0, 0, (byte)(value.Length >> 8), (byte)value.Length, .. Encoding.UTF8.GetBytes(value)]);
        }

        return [.. bytes];
    }

    public override string ToString() => Text(Values);

    public static string Text(IEnumerable<KeyValuePair<string, string>> values) =>
        string.Join(',', values.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}"));
}
