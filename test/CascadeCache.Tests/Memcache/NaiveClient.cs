using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CascadeCache.Tests.Memcache;

/// <summary>
/// A client as one should not write it: it pipelines reads and takes the replies to be those of its requests in turn, whatever they say. The same mischief that must
/// not get past the real client has to get past this one, or it proves nothing.
/// </summary>
internal sealed class NaiveClient : IDisposable
{
    private readonly TcpClient _client = new() { ReceiveTimeout = 200 };
    private readonly NetworkStream _stream;

    public NaiveClient(string host)
    {
        _client.Connect(IPEndPoint.Parse(host));
        _stream = _client.GetStream();
    }

    /// <summary>Reads many keys at once.</summary>
    /// <returns>Each key with the value that was taken for its own; those before the stream made no sense any more.</returns>
    public IReadOnlyList<(string Key, string Value)> Read(IReadOnlyList<string> keys)
    {
        var found = new List<(string, string)>();
        try
        {
            _stream.Write(Encoding.ASCII.GetBytes(string.Concat(keys.Select(static (key, i) => $"mg {key} v k O{i + 1}\r\n"))));
            foreach (string key in keys)
            {
                string[] words = ReadLine().Split(' ');
                if (words[0] == "VA")
                {
                    byte[] value = new byte[int.Parse(words[1], CultureInfo.InvariantCulture) + 2];
                    _stream.ReadExactly(value);
                    found.Add((key, Encoding.ASCII.GetString(value, 0, value.Length - 2)));
                }
            }
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            // It does notice that, at least.
        }

        return found;
    }

    public void Dispose() => _client.Dispose();

    private string ReadLine()
    {
        var line = new StringBuilder();
        for (int next = _stream.ReadByte(); next != '\n'; next = _stream.ReadByte())
        {
            line.Append(next >= 0 ? (char)next : throw new EndOfStreamException());
        }

        return line.ToString().TrimEnd('\r');
    }
}
