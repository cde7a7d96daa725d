namespace CascadeCache.Fuzz.Engine;

/// <summary>Something that must hold whatever the input is. Deterministic; used by one thread.</summary>
internal interface IFuzzTarget
{
    /// <summary>What the command line and the corpus call it.</summary>
    string Name { get; }

    /// <summary>Pieces of its language, for the mutator.</summary>
    IReadOnlyList<byte[]> Tokens { get; }

    /// <summary>Whether the input's words are text, between which mutations are most likely to go deep.</summary>
    bool IsText { get; }

    /// <summary>What one run may allocate.</summary>
    long MaxAllocatedBytes(int inputLength);

    /// <summary>Runs the code under test once.</summary>
    /// <returns>What kind of outcome it was: an input with a new one is worth mutating further.</returns>
    /// <exception cref="PropertyException">The property does not hold. Any other exception is a failure too: those that are documented are outcomes.</exception>
    string Run(ReadOnlyMemory<byte> input);
}

/// <summary>A property does not hold.</summary>
internal sealed class PropertyException(string message) : Exception(message)
{
    public static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new PropertyException(what);
        }
    }
}

/// <summary>An input for which a property does not hold.</summary>
/// <param name="Input">The bytes.</param>
/// <param name="Reason">What happened.</param>
internal sealed record FuzzFailure(byte[] Input, string Reason);
