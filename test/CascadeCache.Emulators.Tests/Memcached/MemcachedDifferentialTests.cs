using System.Text.RegularExpressions;
using CascadeCache.TestKit.Processes;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>The same random commands to a fresh emulator and a fresh real server: the same replies, CAS numbers included.</summary>
public sealed partial class MemcachedDifferentialTests
{
    private const int CommandsPerSequence = 250;

    // Now and then a background thread of the real server holds an item at the moment it is counted up, and a new item without padding and marks is stored: about once in a hundred
    // sequences, but with one that counts much every second time, if the machine is slow. On a fresh pair of servers a real difference shows again, every time.
    private const int Attempts = 12;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Random_commands_give_the_replies_of_the_real_server(int seed)
    {
        var request = new RandomCommands(seed).Next(CommandsPerSequence);
        var (expected, actual) = ("", " ");
        for (var attempt = 0; attempt < Attempts && expected != actual; attempt++)
        {
            await using var server = await RealMemcached.StartAsync();
            await using var emulator = await MemcachedEmulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
            expected = Normalize(await RawMemcachedClient.AskOnceAsync(server.Host, request));
            actual = Normalize(await RawMemcachedClient.AskOnceAsync(emulator.Host, request));
        }

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Different_seeds_ask_different_questions() =>
        Assert.NotEqual(new RandomCommands(1).Next(CommandsPerSequence), new RandomCommands(2).Next(CommandsPerSequence));

    // Seconds may differ by the one tick that falls between, and the two servers are not equally old.
    private static string Normalize(string reply) =>
        WholeSeconds().Replace(reply, match => $"{match.Groups[1].Value}~{match.Groups[2].Value[..^1].Length}").Replace("⏎", "\n");

    [GeneratedRegex(@"( t|exp=-?|la=)(\d+)")]
    private static partial Regex WholeSeconds();
}
