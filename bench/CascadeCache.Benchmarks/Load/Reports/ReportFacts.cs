namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>What the head of a report says of the run.</summary>
/// <param name="Title">What was measured.</param>
/// <param name="Command">The program's arguments.</param>
/// <param name="Rounds">How many.</param>
/// <param name="Seconds">Of each turn.</param>
/// <param name="Out">The file that the report goes to; null: standard output.</param>
internal sealed record ReportFacts(string Title, string Command, int Rounds, double Seconds, string? Out);
