using CascadeCache.TestKit.Processes;
using Microsoft.Extensions.Time.Testing;

namespace CascadeCache.Emulators.Tests.Memcached;

/// <summary>One table of requests and replies, held against the emulator and against the real server.</summary>
public sealed class MemcachedTranscriptTests
{
    // The real clock may tick in the middle of a transcript and make a lifetime one less; twice in a row is no accident.
    private const int RealAttempts = 3;

    public static TheoryData<string> Names => [.. Transcript.All.Select(transcript => transcript.Name)];

    public static TheoryData<string> ShortNames =>
        [.. Transcript.All.Where(transcript => transcript.Request.Length < 4000).Select(transcript => transcript.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_emulator_answers_byte_for_byte(string name)
    {
        var transcript = Find(name);
        await using var emulator = await StartEmulatorAsync();

        Assert.Equal(transcript.Reply, await RawMemcachedClient.AskOnceAsync(emulator.Host, transcript.Request));
    }

    [Theory]
    [MemberData(nameof(ShortNames))]
    public async Task The_emulator_does_not_care_how_the_bytes_arrive(string name)
    {
        var transcript = Find(name);
        await using var emulator = await StartEmulatorAsync();
        using var client = await RawMemcachedClient.ConnectAsync(emulator.Host);

        Assert.Equal(transcript.Reply, await client.AskAsync(transcript.Request, pieceSize: 1));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_real_server_answers_the_same(string name)
    {
        var transcript = Find(name);
        var reply = "";
        for (var attempt = 0; attempt < RealAttempts && reply != transcript.Reply; attempt++)
        {
            await using var server = await RealMemcached.StartAsync();
            reply = await RawMemcachedClient.AskOnceAsync(server.Host, transcript.Request);
        }

        Assert.Equal(transcript.Reply, reply);
    }

    private static Transcript Find(string name) => Transcript.All.Single(transcript => transcript.Name == name);

    private static Task<MemcachedEmulator> StartEmulatorAsync() => MemcachedEmulator.StartAsync(
        new MemcachedEmulatorOptions { TimeProvider = new FakeTimeProvider(DateTimeOffset.Parse("2030-01-01T00:00:00Z")) },
        TestContext.Current.CancellationToken);
}
