using System.Globalization;
using Microsoft.Extensions.Options;

namespace CascadeCache;

/// <summary>Finds every fault of the options at once, and says of each what was given and what would be right.</summary>
internal sealed class CascadeSessionOptionsValidator : IValidateOptions<CascadeSessionOptions>
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, CascadeSessionOptions options)
    {
        var faults = new List<string>();
        Require(Enum.IsDefined(options.Writes), nameof(options.Writes), options.Writes, "LastWriteWins, Detect or Merge", faults);
        Require(options.RefreshThreshold >= TimeSpan.Zero, nameof(options.RefreshThreshold), options.RefreshThreshold, "0 (always refresh) or more", faults);
        Require(options.MaxWriteAttempts >= 1, nameof(options.MaxWriteAttempts), options.MaxWriteAttempts, "at least 1", faults);
        Require(
            options.RetryBaseDelay >= TimeSpan.Zero && options.RetryBaseDelay <= LongestDelay, nameof(options.RetryBaseDelay), options.RetryBaseDelay, "from 0 to 1 minute", faults);
        Require(
            options.RetryMaxDelay >= options.RetryBaseDelay && options.RetryMaxDelay <= LongestDelay, nameof(options.RetryMaxDelay), options.RetryMaxDelay, "from RetryBaseDelay to 1 minute", faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Require<T>(bool isRight, string option, T value, string expected, List<string> faults)
    {
        if (!isRight)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"CascadeSessionOptions.{option} is '{value}': expected {expected}."));
        }
    }
}
