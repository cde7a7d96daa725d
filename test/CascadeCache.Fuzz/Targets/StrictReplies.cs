using System.Globalization;
using System.Text;
using CascadeCache.Fuzz.Engine;
using CascadeCache.Memcache;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Fuzz.Targets;

/// <summary>
/// A second opinion on a stream of replies, made in another way: it only judges those that were accepted. Each must name the request's key and number once, and
/// its value must be the bytes that its size marks out.
/// </summary>
internal sealed class StrictReplies(ReadOnlyMemory<byte> stream)
{
    private int _position;

    public void CheckNext((RequestKind Kind, string Key) request, uint opaque, in MemcacheReply reply)
    {
        ReadOnlySpan<byte> rest = stream.Span[_position..];
        int end = rest.IndexOf((byte)'\n');
        PropertyException.Require(end >= 0, "a reply without a line");
        string line = Encoding.Latin1.GetString(rest[..end]);
        _position += end + 1;
        string[] words = (line.EndsWith('\r') ? line[..^1] : line).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 0 && words[0] == "SERVER_ERROR")
        {
            PropertyException.Require(reply.Status == MemcacheStatus.Refused, $"'{line}' became {reply.Status}");
            return;
        }

        PropertyException.Require(NumberOf(words) == opaque, $"'{line}' was accepted for request {opaque}");
        PropertyException.Require(KeyOf(words) == request.Key, $"'{line}' was accepted for key {request.Key}");
        CheckMeaning(request.Kind, words, line, reply);
        if (words[0] == "VA")
        {
            CheckValue(words[1], reply.Value.Span);
        }
        else
        {
            PropertyException.Require(reply.Value.IsEmpty, $"'{line}' has become a value");
        }
    }

    private static void CheckMeaning(RequestKind kind, string[] words, string line, in MemcacheReply reply)
    {
        string[] fitting = reply.Status switch
        {
            MemcacheStatus.Hit => ["VA", "HD"],
            MemcacheStatus.Miss => ["EN"],
            MemcacheStatus.Done => ["HD"],
            MemcacheStatus.Conflict => ["EX", "NS"],
            MemcacheStatus.NotFound => ["NF"],
            _ => [],
        };
        bool isRead = reply.Status is MemcacheStatus.Hit or MemcacheStatus.Miss;
        PropertyException.Require(fitting.Contains(words[0]) && isRead == (kind == RequestKind.Get), $"'{line}' became {reply.Status} of a {kind}");
        PropertyException.Require(reply.Lease == LeaseState.None || reply.Value.IsEmpty, $"'{line}' became a lease with a value");
    }

    private void CheckValue(string size, ReadOnlySpan<byte> value)
    {
        int length = int.Parse(size, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        ReadOnlySpan<byte> rest = stream.Span[_position..];
        PropertyException.Require(value.Length == length && rest.Length >= length + 2 && rest[..length].SequenceEqual(value), "a value is not the bytes that were sent");
        PropertyException.Require(rest[length] == '\r' && rest[length + 1] == '\n', "a value does not end where its size says");
        _position += length + 2;
    }

    private static uint? NumberOf(string[] words)
    {
        string[] found = [.. words.Skip(1).Where(static w => w[0] == 'O')];
        return found.Length == 1 && uint.TryParse(found[0][1..], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
    }

    private static string? KeyOf(string[] words)
    {
        string[] found = [.. words.Skip(1).Where(static w => w[0] == 'k')];
        if (found.Length != 1)
        {
            return null;
        }

        string key = found[0][1..];
        if (!words.Skip(1).Any(static w => w[0] == 'b'))
        {
            return key;
        }

        byte[] decoded = new byte[key.Length];
        return Convert.TryFromBase64String(key, decoded, out int length) ? Encoding.Latin1.GetString(decoded, 0, length) : null;
    }
}
