using CascadeCache.Emulators.CommandLine;
using CascadeCache.Emulators.Tests.Memcached;

namespace CascadeCache.Emulators.Tests.CommandLine;

public sealed class CommandLineTests
{
    private const string MemcachedLine = "memcached emulator listening on ";
    private const string DatastoreLine = "Datastore emulator listening on ";

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("stray")]
    [InlineData("--memcached")]
    [InlineData("--memcached", "")]
    [InlineData("--memcached", "--datastore", "127.0.0.1:0")]
    [InlineData("--memcached", "11211")]
    [InlineData("--memcached", "127.0.0.1")]
    [InlineData("--memcached", "127.0.0.1:")]
    [InlineData("--memcached", "127.0.0.1:65536")]
    [InlineData("--memcached", "127.0.0.1:-1")]
    [InlineData("--memcached", "some.host:11211")]
    [InlineData("--memcached", "::1:0")]
    [InlineData("--memcached", "127.0.0.1:0", "--memcached", "127.0.0.1:0")]
    [InlineData("--memcached", "127.0.0.1:0", "--data", "x")]
    [InlineData("--datastore", "127.0.0.1:0", "--data", "x", "--data", "y")]
    public async Task Bad_arguments_give_a_message_and_exit_code_2(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());

        var exitCode = await EmulatorCommand.RunAsync(args, output, errors, CancellationToken.None);

        Assert.Equal(2, exitCode);
        Assert.Equal("", output.ToString());
        Assert.EndsWith(" See --help." + Environment.NewLine, errors.ToString());
    }

    [Fact]
    public void Without_addresses_both_start_on_their_usual_ports()
    {
        Assert.True(EmulatorArguments.TryParse(["--data", "somewhere"], out var arguments, out _));

        Assert.Equal("127.0.0.1:8081", arguments.Datastore?.ToString());
        Assert.Equal("127.0.0.1:11211", arguments.Memcached?.ToString());
        Assert.Equal("somewhere", arguments.DataDirectory);
    }

    [Theory]
    [InlineData("localhost:5", "127.0.0.1:5")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:7", "[::1]:7")]
    public void One_address_starts_one_emulator(string text, string expected)
    {
        Assert.True(EmulatorArguments.TryParse(["--memcached", text], out var arguments, out _));

        Assert.Null(arguments.Datastore);
        Assert.Equal(expected, arguments.Memcached?.ToString());
    }

    [Fact]
    public async Task Bad_arguments_end_the_process_with_code_2()
    {
        using var process = EmulatorProcess.Start("--nonsense");

        var (exitCode, output, errors) = await process.WaitAsync();

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("'--nonsense'", errors);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        using var process = EmulatorProcess.Start("--help");

        var (exitCode, output, errors) = await process.WaitAsync();

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.All(["--datastore", "--memcached", "--data", "--help"], option => Assert.Contains(option, output));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_it_cleanly(string signal)
    {
        using var process = EmulatorProcess.Start("--memcached", "127.0.0.1:0");
        var host = await ReadHostAsync(process, MemcachedLine);
        using var client = await RawMemcachedClient.ConnectAsync(host);
        Assert.Equal("VERSION 1.6.18⏎", await client.AskAsync("version⏎"));

        await process.SignalAsync(signal);

        Assert.Equal((0, "", ""), await process.WaitAsync());
        Assert.Equal(RawMemcachedClient.Closed, await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Both_start_and_say_where_they_listen_and_keep_data()
    {
        using var process = EmulatorProcess.Start("--datastore", "127.0.0.1:0", "--memcached", "127.0.0.1:0");

        await ReadHostAsync(process, MemcachedLine);
        Assert.EndsWith(" (data in memory)", await ReadHostAsync(process, DatastoreLine));
        await process.SignalAsync("TERM");

        Assert.Equal((0, "", ""), await process.WaitAsync());
    }

    [Fact]
    public async Task Data_lie_in_a_file_of_the_directory_which_is_made()
    {
        var parent = Directory.CreateTempSubdirectory("emulators");
        var directory = Path.Combine(parent.FullName, "new");
        using (var process = EmulatorProcess.Start("--datastore", "127.0.0.1:0", "--data", directory))
        {
            var file = Path.Combine(directory, "datastore.db");
            Assert.EndsWith($" (data in {file})", await ReadHostAsync(process, DatastoreLine));
            Assert.True(File.Exists(file));
            await process.SignalAsync("TERM");
            Assert.Equal((0, "", ""), await process.WaitAsync());
        }

        parent.Delete(recursive: true);
    }

    [Theory]
    [InlineData("--memcached", "memcached")]
    [InlineData("--datastore", "Datastore")]
    public async Task A_taken_port_gives_a_message_and_exit_code_1(string option, string name)
    {
        await using var other = await MemcachedEmulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var process = EmulatorProcess.Start(option, other.Host);

        var (exitCode, output, errors) = await process.WaitAsync();

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal($"The {name} emulator cannot start on {other.Host}: the port is already in use.{Environment.NewLine}", errors);
    }

    private static async Task<string> ReadHostAsync(EmulatorProcess process, string prefix)
    {
        var line = await process.ReadLineAsync();
        Assert.StartsWith(prefix, line);
        return line[prefix.Length..];
    }
}
