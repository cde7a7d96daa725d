using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace CascadeCache.TestKit.Fakes;

/// <summary>
/// Data Protection in memory, to be shared by the processes of a test: what one protects the others unprotect, for the same purpose, until it is revoked. Counts, and fails on demand. Thread-safe.
/// </summary>
internal sealed class FakeRing : IDataProtectionProvider
{
    private readonly ConcurrentDictionary<string, byte[]> _contents = new(StringComparer.Ordinal);
    private int _protects;
    private int _unprotects;

    /// <summary>How long what was protected is; at least 16.</summary>
    public int WrappedSize { get; set; } = 132;

    /// <summary>True: nothing can be protected.</summary>
    public bool IsDown { get; set; }

    public int Protects => Volatile.Read(ref _protects);

    public int Unprotects => Volatile.Read(ref _unprotects);

    public IDataProtector CreateProtector(string purpose) => new Protector(this, purpose);

    /// <summary>What was protected until now is of no use any more.</summary>
    public void Revoke() => _contents.Clear();

    private sealed class Protector(FakeRing ring, string purposes) : IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => new Protector(ring, purposes + '\0' + purpose);

        public byte[] Protect(byte[] plaintext)
        {
            Interlocked.Increment(ref ring._protects);
            if (ring.IsDown)
            {
                throw new CryptographicException("The ring cannot be read.");
            }

            byte[] made = RandomNumberGenerator.GetBytes(ring.WrappedSize);
            ring._contents[NameOf(made)] = (byte[])plaintext.Clone();
            return made;
        }

        public byte[] Unprotect(byte[] protectedData)
        {
            Interlocked.Increment(ref ring._unprotects);
            return ring._contents.TryGetValue(NameOf(protectedData), out byte[]? content) ? (byte[])content.Clone() : throw new CryptographicException("Not of this ring.");
        }

        private string NameOf(byte[] made) => Convert.ToHexString(made) + Convert.ToHexString(Encoding.UTF8.GetBytes(purposes));
    }
}
