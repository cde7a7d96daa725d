namespace CascadeCache.Benchmarks.Load;

/// <summary>Whose work is measured.</summary>
internal enum SubjectFamily
{
    /// <summary>Nobody's: the least that a client can do.</summary>
    Limit,
    CascadeCache,
    Redis,
    Memory,
}

/// <summary>
/// One kind of call. It runs whole loops, not single calls, so that an asynchronous loop has one state machine and the measurement adds nothing to what a call allocates.
/// </summary>
internal abstract class LoadSubject(string name, SubjectFamily family)
{
    public string Name { get; } = name;

    public SubjectFamily Family { get; } = family;

    /// <summary>Whether <see cref="Run"/> is the loop, on a thread of its own; otherwise <see cref="RunAsync"/>.</summary>
    public virtual bool IsBlocking => false;

    /// <summary>Whether each caller has one key of its own, as writers do that are not to collide.</summary>
    public virtual bool KeepsKey => false;

    public virtual bool CanRun(int callers) => true;

    /// <summary>How many loops stand for so many callers.</summary>
    public virtual int LoopsFor(int callers) => callers;

    /// <summary>Before a turn.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>After a turn: whether it did what it was meant to.</summary>
    /// <exception cref="InvalidOperationException">Something was measured that was not meant.</exception>
    public virtual void Verify(long calls)
    {
    }

    public virtual Task RunAsync(Caller caller) => throw new NotSupportedException(Name);

    public virtual void Run(Caller caller) => throw new NotSupportedException(Name);
}
