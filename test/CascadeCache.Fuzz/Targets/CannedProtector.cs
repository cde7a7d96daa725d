using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache.Fuzz.Targets;

/// <summary>Data Protection that knows one key and one name for it; everything else was made by somebody else. The same in every run.</summary>
internal sealed class CannedProtector(int nameSize) : IDataProtector
{
    private byte[] _content = [];

    public IDataProtector CreateProtector(string purpose) => this;

    public byte[] Protect(byte[] plaintext)
    {
        _content = plaintext;
        return Name();
    }

    public byte[] Unprotect(byte[] protectedData) => protectedData.AsSpan().SequenceEqual(Name()) ? _content : throw new CryptographicException("Not made here.");

    private byte[] Name()
    {
        byte[] name = new byte[nameSize];
        name.AsSpan().Fill(0x5A);
        return name;
    }
}
