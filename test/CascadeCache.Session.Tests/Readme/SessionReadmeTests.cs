using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using CascadeCache.Session.Diagnostics;
using CascadeCache.TestKit.Readme;

namespace CascadeCache.Session.Tests.Readme;

/// <summary>README.md names every option and every counter of sessions.</summary>
public sealed class SessionReadmeTests
{
    [Fact]
    public void The_table_of_options_names_every_one_with_its_default()
    {
        var options = new CascadeSessionOptions();
        IEnumerable<string> real = typeof(CascadeSessionOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => $"{property.Name} {Text(property.GetValue(options)!)}");

        Assert.Equal(real.Order(StringComparer.Ordinal), ReadmeText.Table("session option").Select(static row => $"{Code(row[0])} {Code(row[1])}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_table_of_counters_names_every_instrument_with_its_tags()
    {
        var seen = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        using var metrics = new SessionMetrics(new SessionCounters(), factory: null);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (instrument.Meter.Name == SessionMetrics.MeterName && instrument.Name.StartsWith("cascadecache.session.", StringComparison.Ordinal))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            SortedSet<string> words = seen.TryGetValue(instrument.Name, out SortedSet<string>? known) ? known : seen[instrument.Name] = new SortedSet<string>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                words.Add(tag.Key);
                words.Add((string)tag.Value!);
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();

        Dictionary<string, SortedSet<string>> documented = ReadmeText.Table("session counter")
            .ToDictionary(static row => Code(row[0]), static row => new SortedSet<string>(ReadmeText.Codes(row[1]), StringComparer.Ordinal));
        Assert.Equal(documented.Keys.Order(StringComparer.Ordinal), seen.Keys);
        Assert.All(seen, instrument => Assert.Equal(documented[instrument.Key], instrument.Value));
    }

    private static string Code(string cell) => Assert.Single(ReadmeText.Codes(cell));

    private static string Text(object value) => value is bool flag ? (flag ? "true" : "false") : string.Create(CultureInfo.InvariantCulture, $"{value}");
}
