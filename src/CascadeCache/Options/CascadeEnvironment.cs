using System.Globalization;

namespace CascadeCache;

/// <summary>The environment variables that stand in for options that code and configuration left open.</summary>
internal static class CascadeEnvironment
{
    public const string MaxMemcacheSessionSizeBytes = "MaxMemcacheSessionSizeBytes";
    public const string DisplayLogging = "SessionCascadeDisplayLogging";

    /// <summary>The number in <see cref="MaxMemcacheSessionSizeBytes"/>; null if the variable is not set or empty.</summary>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="fault">What is wrong with the variable, if it is not a number.</param>
    public static long? ReadMaxMemcacheSessionSizeBytes(Func<string, string?> environment, out string? fault)
    {
        fault = null;
        string? text = environment(MaxMemcacheSessionSizeBytes);
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
        {
            return number;
        }

        fault = $"The environment variable {MaxMemcacheSessionSizeBytes} is '{text}': expected a whole number of bytes, or 0 for no limit.";
        return null;
    }

    /// <summary>Whether the cache logs at Debug to the console's category on request of the environment.</summary>
    public static bool ReadDisplayLogging(Func<string, string?> environment) =>
        bool.TryParse(environment(DisplayLogging)?.Trim(), out bool display) && display;
}
