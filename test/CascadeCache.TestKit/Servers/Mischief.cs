namespace CascadeCache.TestKit.Servers;

/// <summary>What a <see cref="MischievousServer"/> does to a reply.</summary>
public enum Mischief
{
    /// <summary>Sends the next reply first.</summary>
    Swap,

    /// <summary>Sends it twice.</summary>
    Duplicate,

    /// <summary>Sends it, and all that follow, later.</summary>
    Delay,

    /// <summary>Does not send it.</summary>
    Drop,

    /// <summary>Sends a reply first that nobody asked for: one that was sent before, to another request.</summary>
    Invent,

    /// <summary>Gives it another number.</summary>
    OtherNumber,

    /// <summary>Sends another key's reply, value and all, under this request's number.</summary>
    OtherKey,

    /// <summary>Announces another size than the value has.</summary>
    OtherSize,

    /// <summary>Sends a part of it and then nothing more.</summary>
    Half,

    /// <summary>Sends a part of it and closes the connection.</summary>
    HalfAndClose,

    /// <summary>Sends the bytes of two replies mixed.</summary>
    Mix,

    /// <summary>Sends bytes that are no reply.</summary>
    Garbage,

    /// <summary>Sends another key's value in a frame that is right in everything else: only what is in the value can show it.</summary>
    ForgeValue,

    /// <summary>Sends a shorter value in a frame that is right in everything else.</summary>
    ShortenValue,
}
