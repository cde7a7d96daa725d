using System.Text;
using System.Text.RegularExpressions;
using CascadeCache.TestKit.Servers;

namespace CascadeCache.Tests.Memcache.Connections;

/// <summary>A server that has nothing, and says so at once, or, while it is held, of all at the same time.</summary>
internal sealed partial class PatientServer : IAsyncDisposable
{
    private readonly ScriptedServer _server = new();
    private readonly Lock _gate = new();
    private readonly StringBuilder _held = new();
    private readonly SemaphoreSlim _holding = new(0);
    private ScriptedConnection? _connection;
    private Task _answering = Task.CompletedTask;
    private bool _isHeld;

    public string Host => _server.Host;

    /// <summary>Says that there is nothing.</summary>
    public static string Miss(string request) => $"EN k{request.Split(' ')[1]} {Opaque().Match(request).Value}\r\n";

    public async Task AcceptAsync(CancellationToken token)
    {
        _connection = await _server.NextGreetedAsync(token);
        _answering = Task.Run(() => AnswerAsync(_connection), token);
    }

    public void Hold()
    {
        lock (_gate)
        {
            _isHeld = true;
        }
    }

    /// <summary>Answers those who have waited, when there are so many of them.</summary>
    public async Task ReleaseAsync(int count, CancellationToken token) => await SendAsync(await TakeAsync(count, token).ConfigureAwait(false)).ConfigureAwait(false);

    /// <summary>What those would be told who have waited, when there are so many of them; told by <see cref="SendAsync"/>.</summary>
    public async Task<string> TakeAsync(int count, CancellationToken token)
    {
        for (int i = 0; i < count; i++)
        {
            await _holding.WaitAsync(token).ConfigureAwait(false);
        }

        lock (_gate)
        {
            _isHeld = false;
            string replies = _held.ToString();
            _held.Clear();
            return replies;
        }
    }

    public Task SendAsync(string replies) => _connection!.WriteAsync(replies);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _answering;
    }

    private async Task AnswerAsync(ScriptedConnection connection)
    {
        try
        {
            while (await connection.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                string reply = Miss(line);
                bool isHeld;
                lock (_gate)
                {
                    isHeld = _isHeld;
                    if (isHeld)
                    {
                        _held.Append(reply);
                    }
                }

                if (isHeld)
                {
                    _holding.Release();
                }
                else
                {
                    await connection.WriteAsync(reply).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client or the test is done.
        }
    }

    [GeneratedRegex(@"\bO\d+")]
    private static partial Regex Opaque();
}
