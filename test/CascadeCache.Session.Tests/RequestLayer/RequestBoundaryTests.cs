using System.Collections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit.Sdk;

namespace CascadeCache.Session.Tests.RequestLayer;

/// <summary>Where a request begins and ends: what is outside of it has no copies, and nothing of it is left.</summary>
public sealed class RequestBoundaryTests
{
    private readonly LayerRig _rig = new();

    [Fact]
    public async Task Outside_of_a_request_every_call_passes_through()
    {
        await _rig.WriteAsync("v");
        Assert.Equal("v", await _rig.ReadAsync());
        Assert.Equal("v", await _rig.ReadAsync());
        Assert.Equal("v", await _rig.ReadBufferAsync());
        await _rig.Layer.RemoveAsync("k", LayerRig.Token);
        Assert.Null(_rig.Layer.Get("k"));

        Assert.Equal("SetAsync GetAsync GetAsync TryGetAsync RemoveAsync Get", _rig.Below.TakeCalls());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_requests_do_not_see_each_others_copies(bool isBroken)
    {
        var shared = new RequestCopies();
        LayerRig rig = isBroken ? new LayerRig(() => shared) : _rig;
        if (isBroken)
        {
            await Assert.ThrowsAnyAsync<XunitException>(() => AlternateAsync(rig));
        }
        else
        {
            await AlternateAsync(rig);
        }
    }

    [Fact]
    public async Task Requests_in_parallel_do_not_see_each_others_copies()
    {
        int written = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] requests = [.. Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            _rig.Begin();
            await _rig.WriteAsync($"{i}");
            if (Interlocked.Increment(ref written) == 8)
            {
                all.SetResult();
            }

            await all.Task;
            Assert.Equal($"{i}", await _rig.ReadAsync());
        }))];
        await Task.WhenAll(requests);

        Assert.Equal(string.Join(' ', Enumerable.Repeat("SetAsync", 8)), _rig.Below.TakeCalls());
    }

    [Fact]
    public async Task A_background_task_goes_on_past_the_end_of_its_request_without_copies()
    {
        _rig.StoreElsewhere("old");
        _rig.Begin();
        Assert.Equal("old", await _rig.ReadAsync());
        (TaskCompletionSource begun, TaskCompletionSource ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        Task<(string?, string?)> background = Task.Run(async () =>
        {
            string? within = await _rig.ReadAsync();
            begun.SetResult();
            await ended.Task;
            return (within, await _rig.ReadAsync());
        });
        await begun.Task;
        _rig.StoreElsewhere("new");
        _rig.End();
        ended.SetResult();

        Assert.Equal(("old", "new"), await background);
    }

    [Fact]
    public async Task A_read_that_ends_after_its_request_leaves_nothing_in_the_next_one()
    {
        // The server uses the memory of a request for the next one.
        DefaultHttpContext context = _rig.Begin();
        RequestCopies? first = _rig.Requests.Current;
        _rig.StoreElsewhere("old");
        CountingCache.Hold hold = _rig.Below.HoldNext("GetAsync");
        Task<string?> read = Task.Run(() => _rig.ReadAsync());
        await hold.TakeEffectAsync();
        _rig.End();
        context.Uninitialize();
        context.Initialize(new FeatureCollection());
        _rig.Enter(context);
        _rig.StoreElsewhere("new");
        hold.Answer();

        Assert.Equal("old", await read);
        Assert.NotSame(first, _rig.Requests.Current);
        Assert.Equal("new", await _rig.ReadAsync());
    }

    [Fact]
    public void A_request_that_ends_between_two_looks_is_none()
    {
        var context = new DefaultHttpContext();
        var ending = new ScriptedAccessor(context, null);
        Assert.Null(new RequestItems<object>(ending, static () => new object()).Current);

        var nextOne = new ScriptedAccessor(context, new DefaultHttpContext());
        Assert.Null(new RequestItems<object>(nextOne, static () => new object()).Current);

        var within = new ScriptedAccessor(context, context);
        Assert.NotNull(new RequestItems<object>(within, static () => new object()).Current);
    }

    [Fact]
    public void A_request_whose_memory_was_cleared_is_none()
    {
        var context = new DefaultHttpContext();
        context.Uninitialize();
        Assert.Throws<ObjectDisposedException>(() => context.Items);

        Assert.Null(new RequestItems<object>(new ScriptedAccessor(context, context), static () => new object()).Current);
    }

    [Fact]
    public void Two_caches_do_not_share_their_copies()
    {
        _rig.Begin();
        var other = new LayerRig();

        Assert.NotSame(_rig.Requests.Current, other.Requests.Current);
        Assert.Same(_rig.Requests.Current, _rig.Requests.Current);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_calls_never_look_into_the_items_at_once(bool isBroken)
    {
        var accessor = new HttpContextAccessor();
        RequestItems<object> requests = isBroken ? new UnlockedItems(accessor) : new RequestItems<object>(accessor, static () => new object());
        accessor.HttpContext = new DefaultHttpContext();
        Assert.NotNull(requests.Current);

        // The second call starts while the first is inside, and either comes in too or is seen waiting at the lock.
        object? second = null;
        var items = new WatchedItems();
        var thread = new Thread(() => second = requests.Current);
        items.OnFirstLook = () =>
        {
            thread.Start();
            SpinWait.SpinUntil(() => items.Looks == 2 || (!isBroken && thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)));
        };
        accessor.HttpContext = new DefaultHttpContext { Items = items };
        object? first = requests.Current;
        thread.Join();

        Assert.Equal(isBroken ? 2 : 1, items.MostAtOnce);
        Assert.Equal(isBroken, !ReferenceEquals(first, second));
    }

    private static async Task AlternateAsync(LayerRig rig)
    {
        (DefaultHttpContext one, DefaultHttpContext other) = (new DefaultHttpContext(), new DefaultHttpContext());
        rig.StoreElsewhere("old");
        rig.Enter(one);
        Assert.Equal("old", await rig.ReadAsync());
        rig.StoreElsewhere("new");
        rig.Enter(other);
        Assert.Equal("new", await rig.ReadAsync());
        await rig.WriteAsync("newest");
        rig.Enter(one);
        Assert.Equal("old", await rig.ReadAsync());
    }

    /// <summary>Says one thing and then another.</summary>
    private sealed class ScriptedAccessor(params HttpContext?[] answers) : IHttpContextAccessor
    {
        private int _next;

        public HttpContext? HttpContext
        {
            get => answers[_next++];
            set => throw new NotSupportedException();
        }
    }

    /// <summary>The broken twin: each call holds a lock of its own, so none.</summary>
    private sealed class UnlockedItems(IHttpContextAccessor accessor) : RequestItems<object>(accessor, static () => new object())
    {
        protected override Lock LockFor(HttpContext context) => new();
    }

    /// <summary>Items that note how many calls are between their look and its end.</summary>
    private sealed class WatchedItems : IDictionary<object, object?>
    {
        private readonly Dictionary<object, object?> _items = [];
        private readonly Lock _guard = new();
        private int _inside;

        public Action? OnFirstLook { get; set; }

        public int Looks { get; private set; }

        public int MostAtOnce { get; private set; }

        public ICollection<object> Keys => _items.Keys;

        public ICollection<object?> Values => _items.Values;

        public int Count => _items.Count;

        public bool IsReadOnly => false;

        public object? this[object key]
        {
            get => throw new NotSupportedException();
            set
            {
                lock (_guard)
                {
                    _inside--;
                    _items[key] = value;
                }
            }
        }

        public bool TryGetValue(object key, out object? value)
        {
            bool isFirst;
            lock (_guard)
            {
                isFirst = ++Looks == 1;
                MostAtOnce = Math.Max(MostAtOnce, ++_inside);
                if (_items.TryGetValue(key, out value))
                {
                    _inside--;
                    return true;
                }
            }

            if (isFirst)
            {
                OnFirstLook!();
            }

            return false;
        }

        public void Add(object key, object? value) => throw new NotSupportedException();

        public void Add(KeyValuePair<object, object?> item) => throw new NotSupportedException();

        public void Clear() => throw new NotSupportedException();

        public bool Contains(KeyValuePair<object, object?> item) => throw new NotSupportedException();

        public bool ContainsKey(object key) => throw new NotSupportedException();

        public void CopyTo(KeyValuePair<object, object?>[] array, int arrayIndex) => throw new NotSupportedException();

        public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => throw new NotSupportedException();

        public bool Remove(object key) => throw new NotSupportedException();

        public bool Remove(KeyValuePair<object, object?> item) => throw new NotSupportedException();

        IEnumerator IEnumerable.GetEnumerator() => throw new NotSupportedException();
    }
}
