namespace CascadeCache.TestKit.Servers;

/// <summary>What a <see cref="MischievousServer"/> does, how often, and with which chance. Decides by its seed alone; any thread.</summary>
/// <param name="seed">Of all its decisions.</param>
/// <param name="kinds">What it may do.</param>
/// <param name="budget">How often altogether.</param>
internal sealed class MischiefPlan(int seed, IReadOnlyList<Mischief> kinds, int budget)
{
    /// <summary>One reply in so many meets mischief, as long as there is a budget.</summary>
    private const int Rarity = 8;

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly List<Mischief> _done = [];
    private int _left = budget;

    /// <summary>What was done so far.</summary>
    public IReadOnlyList<Mischief> Done
    {
        get
        {
            lock (_gate)
            {
                return [.. _done];
            }
        }
    }

    /// <summary>No more mischief from now on.</summary>
    public void BeGood()
    {
        lock (_gate)
        {
            _left = 0;
        }
    }

    /// <summary>What to do to the next reply; null: pass it on.</summary>
    public Mischief? Next()
    {
        lock (_gate)
        {
            if (_left == 0 || _random.Next(Rarity) > 0)
            {
                return null;
            }

            _left--;
            _done.Add(kinds[_random.Next(kinds.Count)]);
            return _done[^1];
        }
    }

    /// <summary>A number from 0 to <paramref name="below"/> less one.</summary>
    public int Pick(int below)
    {
        lock (_gate)
        {
            return _random.Next(below);
        }
    }
}
