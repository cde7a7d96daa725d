using System.Globalization;

namespace CascadeCache.Benchmarks.CommandLine;

/// <summary>Reads the values of arguments; each says what is wrong with a bad one.</summary>
internal static class ArgumentValues
{
    /// <exception cref="ArgumentException">One is not in the range.</exception>
    public static int[] Numbers(string value, int least, int most) =>
        [.. value.Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new ArgumentException($"'{text}' is not a number from {least} to {most}."))];

    /// <exception cref="ArgumentException">It is not in the range.</exception>
    public static int Number(string value, int least, int most) => Numbers(value, least, most) is [int one] ? one : throw new ArgumentException($"'{value}' is more than one number.");

    /// <exception cref="ArgumentException">It is not in the range.</exception>
    public static double Seconds(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 60
            ? seconds
            : throw new ArgumentException($"'{value}' is not a number of seconds from 0.1 to 60.");

    /// <exception cref="ArgumentException">One is none of those.</exception>
    public static string[] Names(string value, IReadOnlyList<string> known)
    {
        string[] names = value.Split(',');
        return names.Except(known).FirstOrDefault() is { } unknown ? throw new ArgumentException($"'{unknown}' is none of {string.Join(", ", known)}.") : names;
    }
}
