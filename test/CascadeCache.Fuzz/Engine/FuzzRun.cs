namespace CascadeCache.Fuzz.Engine;

/// <summary>
/// One target, run on a corpus and on mutations of it. Inputs whose outcome is of a new kind join the corpus. The same seed, target and corpus give the same
/// inputs. Used by one thread; <see cref="Current"/> may be read by another.
/// </summary>
internal sealed class FuzzRun(IFuzzTarget target, int seed, IReadOnlyList<byte[]> seeds)
{
    private const int MaxCorpus = 2000;
    private const int MaxFailures = 10;

    private readonly List<byte[]> _corpus = [.. seeds];
    private readonly HashSet<string> _outcomes = new(StringComparer.Ordinal);
    private readonly Mutator _mutator = new(new Random(seed), target.Tokens, target.IsText);
    private volatile byte[]? _current;
    private long _executions;

    public IFuzzTarget Target { get; } = target;

    public long Executions => Interlocked.Read(ref _executions);

    public int SeedCount { get; } = seeds.Count;

    public int CorpusSize => _corpus.Count;

    public List<FuzzFailure> Failures { get; } = [];

    /// <summary>The kinds of outcomes that were seen.</summary>
    public IReadOnlyCollection<string> Outcomes => _outcomes;

    /// <summary>The input that runs now; null: none.</summary>
    public byte[]? Current => _current;

    public void ReplayCorpus()
    {
        foreach (byte[] input in _corpus.ToArray())
        {
            Execute(input);
        }
    }

    public void MutateWhile(Func<bool> goOn)
    {
        while (Failures.Count < MaxFailures && goOn())
        {
            byte[] input = _mutator.Next(_corpus);
            if (Execute(input) && _corpus.Count < MaxCorpus)
            {
                _corpus.Add(input);
            }
        }
    }

    /// <returns>True: the outcome is of a new kind.</returns>
    public bool Execute(byte[] input)
    {
        _current = input;
        Interlocked.Increment(ref _executions);
        try
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            string outcome = Target.Run(input);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            PropertyException.Require(allocated <= Target.MaxAllocatedBytes(input.Length), $"{allocated} bytes allocated for an input of {input.Length}");
            return _outcomes.Add(outcome);
        }
#pragma warning disable CA1031 // Whatever a target throws is a failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            string reason = e is PropertyException ? e.Message : e.ToString();
            if (Failures.TrueForAll(f => f.Reason != reason))
            {
                Failures.Add(new FuzzFailure(input, reason));
            }

            return false;
        }
        finally
        {
            _current = null;
        }
    }
}
