namespace CascadeCache.Primitives;

/// <summary>One who lends several pieces of memory, each under a number.</summary>
internal interface ILender
{
    /// <summary>Takes one piece back; a second time for the same number has no effect.</summary>
    void Return(int number);
}

/// <summary>
/// Memory that somebody else provides, for as long as it is needed. A structure, because a read that memcached answers makes one and allocates nothing for it. Copies are
/// of the same loan: whichever is disposed first gives the memory back, and the others have no effect, so that what the lender gave to somebody else meanwhile is never touched.
/// </summary>
internal readonly struct Loan : IDisposable
{
    private readonly object? _from;
    private readonly int _number;

    public Loan(ILender lender, int number) => (_from, _number) = (lender, number);

    /// <param name="owner">Has one piece of memory, and gives it back once however often it is disposed; null: nothing is lent.</param>
    public Loan(IDisposable? owner) => _from = owner;

    /// <summary>Whether there is nothing to give back.</summary>
    public bool IsNone => _from is null;

    public void Dispose()
    {
        if (_from is ILender lender)
        {
            lender.Return(_number);
        }
        else
        {
            (_from as IDisposable)?.Dispose();
        }
    }
}
