using CascadeCache.Session.Store;
using Microsoft.AspNetCore.Http;

namespace CascadeCache.Session.Tests.Store.Fakes;

/// <summary>
/// A random schedule of several requests of one session, some of whose commits meet another's in the middle, beside a model of what has to be stored. The model knows names and values
/// and who made the session; nothing of bytes, versions and attempts. Of a request on another server the commit is made there and then, of one on the same server it has to wait until the other one's is made.
/// </summary>
internal sealed class ModelRun
{
    private const int Steps = 40;
    private const int MaxRequests = 4;

    private static readonly string[] Names = ["a", "b", "c"];

    private readonly Random _random;
    private readonly SessionLab _lab;
    private readonly List<Request> _requests = [];
    private readonly List<Server> _servers = [];
    private readonly int _maxServers;
    private readonly AsyncLocal<Request?> _committing = new();
    private readonly List<string> _story = [];
    private Stored? _stored;

    public ModelRun(int seed, Defect defect)
    {
        _random = new Random(seed);
        _lab = new SessionLab(static options => options.MaxWriteAttempts = int.MaxValue, defect, slidesChangeVersions: seed % 2 == 0);
        _lab.Cache.Before = OthersActAsync;

        // A twin that does not notice a Clear waits where the model does not expect it.
        _maxServers = defect == Defect.None && seed / 2 % MaxRequests is var servers and > 0 ? servers : int.MaxValue;
    }

    /// <summary>How often a commit met another one.</summary>
    public long Conflicts => _lab.Counters.Get(Diagnostics.SessionCounter.Conflicts);

    /// <summary>How often a commit waited for another one of the same server.</summary>
    public long Waits => _lab.Counters.Get(Diagnostics.SessionCounter.WaitedTurns);

    /// <summary>Runs the schedule.</summary>
    /// <returns>Null, or the story up to the first difference.</returns>
    public async Task<string?> RunAsync()
    {
        for (int i = 0; i < Steps; i++)
        {
            await StepAsync();
            if (Difference() is { } difference)
            {
                return string.Join('\n', [.. _story, difference]);
            }
        }

        return null;
    }

    private string? Difference()
    {
        StoredSession? real = _lab.Peek();
        string expected = _stored is null ? "nothing" : $"{StoredSession.Text(_stored.Values)} of {_stored.Id}";
        string actual = real is null ? "nothing" : $"{real} of {real.Id}";
        return expected == actual ? null : $"expected {expected}, stored is {actual}";
    }

    private async Task StepAsync()
    {
        int choice = _random.Next(12);
        if (_requests.Count == 0 || (choice < 2 && _requests.Count < MaxRequests))
        {
            Server server = NextServer();
            ISession session = await _lab.LoadAsync(server.Services);
            _requests.Add(new Request(session, server, _stored));
            _story.Add($"{session.Id} loads {StoredSession.Text(_requests[^1].Mine)} on server {_servers.IndexOf(server)}");
            return;
        }

        Request request = _requests[_random.Next(_requests.Count)];
        switch (choice)
        {
            case < 3 when _random.Next(3) == 0:
                Evict();
                break;
            case < 6:
                request.Set(Names[_random.Next(Names.Length)], $"{_random.Next(3)}", _story);
                break;
            case < 8:
                request.Remove(Names[_random.Next(Names.Length)], _story);
                break;
            case < 9 when _random.Next(2) == 0:
                request.Clear(_story);
                break;
            case < 11:
                await CommitAsync(request);
                break;
            default:
                await CommitAsync(request);
                _requests.Remove(request);
                break;
        }
    }

    private Server NextServer()
    {
        if (_servers.Count < _maxServers)
        {
            _servers.Add(new Server(_lab.NewServer()));
            return _servers[^1];
        }

        return _servers[_random.Next(_servers.Count)];
    }

    // Called by the cache in the middle of a commit, before a write or a read of it.
    private async ValueTask OthersActAsync(string call)
    {
        if (_committing.Value is not { } committing)
        {
            return;
        }

        // A commit may get its turn before the model has the one before it.
        await committing.Predecessor;
        if (call is "RefreshAsync" || _random.Next(3) > 0)
        {
            return;
        }

        if (_random.Next(8) == 0)
        {
            Evict();
        }
        else if (_requests.Find(static request => !request.IsCommitting && request.IsModified) is { } other)
        {
            if (other.MustWait)
            {
                other.Server.Waiting.Enqueue(CommitInTurnAsync(other));
            }
            else
            {
                await CommitAsync(other);
            }
        }
    }

    private async Task CommitAsync(Request request)
    {
        // Those who came meanwhile wait for this one, unless it is one that nobody waits for.
        bool isWaitedFor = !request.IsCleared;
        await CommitInTurnAsync(request);
        while (isWaitedFor && request.Server.Waiting.TryDequeue(out Task? waiting))
        {
            await waiting;
        }
    }

    private async Task CommitInTurnAsync(Request request)
    {
        _committing.Value = request;
        request.IsCommitting = true;
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!request.IsCleared)
        {
            (request.Predecessor, request.Server.Last) = (request.Server.Last, committed.Task);
        }

        try
        {
            _story.Add($"{request.Session.Id} begins to commit {StoredSession.Text(request.Mine)}");
            await request.Session.CommitAsync(TestContext.Current.CancellationToken);
            request.IsCommitting = false;
            request.Predecessor = Task.CompletedTask;
            _stored = request.Commit(_stored);
            _story.Add($"{request.Session.Id} has committed; now {(_stored is null ? "nothing" : StoredSession.Text(_stored.Values))}");
        }
        finally
        {
            committed.SetResult();
        }
    }

    private void Evict()
    {
        _lab.Stored.Remove(SessionLab.Key);
        _stored = null;
        _story.Add("evicted");
    }

    private sealed record Stored(string Id, IReadOnlyDictionary<string, string> Values);

    /// <summary>A server, and the order of the commits that it makes one after the other.</summary>
    private sealed class Server(SessionServices services)
    {
        public SessionServices Services => services;

        /// <summary>Ends when the last of those who have begun to commit is in the model.</summary>
        public Task Last { get; set; } = Task.CompletedTask;

        public bool IsWriting => !Last.IsCompleted;

        public Queue<Task> Waiting { get; } = new();
    }

    /// <summary>A request, real and in the model.</summary>
    private sealed class Request(ISession session, Server server, Stored? loaded)
    {
        private IReadOnlyDictionary<string, string> _before = loaded?.Values ?? new Dictionary<string, string>();
        private string? _beforeId = loaded?.Id;

        public ISession Session => session;

        public Server Server => server;

        /// <summary>Ends when the commit that this one waits for is in the model.</summary>
        public Task Predecessor { get; set; } = Task.CompletedTask;

        /// <summary>What is cleared is written whatever is stored, and so at once.</summary>
        public bool MustWait => !IsCleared && server.IsWriting;

        public bool IsCleared { get; private set; }

        public Dictionary<string, string> Mine { get; } = new(loaded?.Values ?? new Dictionary<string, string>());

        public bool IsModified { get; private set; }

        public bool IsCommitting { get; set; }

        public void Set(string name, string value, List<string> story)
        {
            session.SetString(name, value);
            Mine[name] = value;
            IsModified = true;
            story.Add($"{session.Id} sets {name}={value}");
        }

        public void Remove(string name, List<string> story)
        {
            session.Remove(name);
            IsModified |= Mine.Remove(name);
            story.Add($"{session.Id} removes {name}");
        }

        public void Clear(List<string> story)
        {
            session.Clear();
            IsModified |= Mine.Count > 0;
            IsCleared = true;
            Mine.Clear();
            story.Add($"{session.Id} clears");
        }

        public Stored? Commit(Stored? stored)
        {
            if (!IsModified)
            {
                return stored;
            }

            bool isOther = _beforeId is not null && _beforeId != stored?.Id;
            Stored after = IsCleared || stored is null || isOther ? new Stored(session.Id, new Dictionary<string, string>(Mine)) : stored with { Values = WithChanges(stored.Values) };
            (_before, _beforeId, IsCleared, IsModified) = (new Dictionary<string, string>(Mine), after.Id, false, false);
            return after;
        }

        private Dictionary<string, string> WithChanges(IReadOnlyDictionary<string, string> theirs)
        {
            var values = new Dictionary<string, string>(theirs);
            foreach (string name in Names)
            {
                if (_before.GetValueOrDefault(name) != Mine.GetValueOrDefault(name))
                {
                    values.Remove(name);
                    if (Mine.TryGetValue(name, out string? value))
                    {
                        values[name] = value;
                    }
                }
            }

            return values;
        }
    }
}
