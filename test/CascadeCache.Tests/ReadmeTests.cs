using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using CascadeCache.Datastore;
using CascadeCache.Diagnostics;
using CascadeCache.Entries;
using CascadeCache.TestKit.Readme;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CascadeCache.Tests;

/// <summary>README.md says what the code does: its code compiles, its tables are whole, its defaults are the real ones.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Every_block_of_csharp_is_code_that_is_compiled()
    {
        // What needs the session package is compiled with that package's tests.
        string compiled = Joined(
            ((string[])["CascadeCache.Tests/Readme/QuickStart.cs", "CascadeCache.Session.Tests/Readme/RequestLayerSetup.cs", "CascadeCache.Session.Tests/Readme/SessionSetup.cs"])
            .SelectMany(static file => ReadmeText.Significant(File.ReadAllLines(Path.Combine(ReadmeText.Root, "test", file)))));
        List<string[]> blocks = ReadmeText.Blocks("csharp");

        Assert.Equal(7, blocks.Count);
        Assert.All(blocks, block => Assert.Contains(Joined(block), compiled, StringComparison.Ordinal));
    }

    [Fact]
    public void The_configuration_names_only_options_and_has_no_fault()
    {
        string json = Joined(Assert.Single(ReadmeText.Blocks("json")));
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json));
        IConfigurationSection section = new ConfigurationBuilder().AddJsonStream(stream).Build().GetSection("CascadeCache");
        string[] known = [.. Options(new CascadeCacheOptions(), "").Select(static option => option.Path)];
        IEnumerable<string> given = section.AsEnumerable(makePathsRelative: true)
            .Where(static pair => pair.Value is not null)
            .Select(static pair => string.Join('.', pair.Key.Split(':').Where(static part => !int.TryParse(part, CultureInfo.InvariantCulture, out _))));
        Assert.All(given, path => Assert.Contains(path, known));

        using ServiceProvider provider = new ServiceCollection().AddCascadeDistributedCache(section).BuildServiceProvider();
        CascadeCacheOptions options = provider.GetRequiredService<IOptions<CascadeCacheOptions>>().Value;

        Assert.Equal(["10.0.0.5:11211", "10.0.0.6:11211"], options.Memcache.Servers);
        Assert.Equal("my-project", options.Datastore.ProjectId);
    }

    [Fact]
    public void The_tables_of_options_name_every_option_with_its_default()
    {
        var documented = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string[] row in ReadmeText.Table("option"))
        {
            documented.Add(OnlyCode(row[0]), OnlyCode(row[1]));
        }

        foreach (string[] row in ReadmeText.Table("`Resilience.Memcache` and `Resilience.Datastore`"))
        {
            documented.Add("Resilience.Memcache." + OnlyCode(row[0]), OnlyCode(row[1]));
            documented.Add("Resilience.Datastore." + OnlyCode(row[0]), OnlyCode(row[2]));
        }

        List<(string Path, Type Type, object? Default)> options = Options(new CascadeCacheOptions(), "");

        Assert.Equal(options.Select(static option => option.Path).Order(StringComparer.Ordinal), documented.Keys);
        Assert.All(options, option => Assert.Equal(option.Default, Parsed(documented[option.Path], option.Type)));
    }

    [Fact]
    public void The_table_of_counters_names_every_instrument_with_its_tags()
    {
        var seen = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        using var metrics = new CascadeMetrics(new CacheCounters(), factory: null);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (instrument.Meter.Name == CascadeMetrics.MeterName)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            if (!seen.TryGetValue(instrument.Name, out SortedSet<string>? words))
            {
                seen.Add(instrument.Name, words = new SortedSet<string>(StringComparer.Ordinal));
            }

            foreach (KeyValuePair<string, object?> tag in tags)
            {
                words.Add(tag.Key);
                words.Add((string)tag.Value!);
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();

        List<string[]> rows = ReadmeText.Table("counter");

        Assert.NotEmpty(seen);
        Assert.Equal(seen.Keys, rows.Select(static row => OnlyCode(row[0])).Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.Equal(seen[OnlyCode(row[0])], ReadmeText.Codes(row[1]).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void The_table_of_properties_is_that_of_an_entity()
    {
        string[] names = [.. typeof(EntityProperties).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (string)field.GetRawConstantValue()!)];

        Assert.Equal(names, ReadmeText.Table("property").Select(static row => OnlyCode(row[0])));
    }

    [Fact]
    public void The_table_of_exceptions_names_every_exception()
    {
        IEnumerable<string> names = typeof(CascadeCacheException).Assembly.GetExportedTypes()
            .Where(static type => type.IsSubclassOf(typeof(CascadeCacheException))).Select(static type => type.Name);

        Assert.Equal(names.Order(StringComparer.Ordinal), ReadmeText.Table("exception").Select(static row => OnlyCode(row[0])).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_variables_that_the_code_reads_are_named()
    {
        string[] documented = [.. ReadmeText.Table("environment variable").SelectMany(static row => ReadmeText.Codes(row[0]))];

        Assert.Contains(CascadeEnvironment.MaxMemcacheSessionSizeBytes, documented);
        Assert.Contains(CascadeEnvironment.DisplayLogging, documented);
        Assert.Contains(DatastoreEndpoint.EmulatorHostVariable, documented);
    }

    [Fact]
    public void The_largest_session_is_as_large_as_said()
    {
        var key = new CacheKey(new CascadeCacheOptions().KeyPrefix + Guid.Empty);
        string kind = new DatastoreOptions().Kind;
        ChunkLayout layout = ChunkLayout.For(key, kind, ChunkLayout.ChunkKindOf(kind), namespaceId: "");

        Assert.All(
            (long[])[layout.OneEntityBytes, layout.MaxValueBytes],
            static bytes => Assert.Contains(ReadmeText.Lines(), line => line.Contains(string.Create(CultureInfo.InvariantCulture, $"({bytes:N0} bytes for a session"), StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_kind_of_entities_has_its_TTL_policy()
    {
        string kind = new DatastoreOptions().Kind;

        Assert.All(
            (string[])[kind, ChunkLayout.ChunkKindOf(kind)],
            static name => Assert.Contains(ReadmeText.Lines(), line => line.Contains($"ttls update {EntityProperties.ExpiresAt} --collection-group={name} --enable-ttl", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_file_that_is_linked_to_is_there()
    {
        string[] links = ReadmeText.Links();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(ReadmeText.Root, link)), link));
    }

    private static List<(string Path, Type Type, object? Default)> Options(object options, string prefix)
    {
        var all = new List<(string, Type, object?)>();
        foreach (PropertyInfo property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            object? value = property.GetValue(options);
            if (property.SetMethod is null && property.PropertyType.Namespace == nameof(CascadeCache))
            {
                all.AddRange(Options(value!, prefix + property.Name + "."));
            }
            else
            {
                all.Add((prefix + property.Name, property.PropertyType, value));
            }
        }

        return all;
    }

    // Defaults are written as configuration takes them, but for the empty text, the empty list and null.
    private static object? Parsed(string text, Type type) => text switch
    {
        "null" => null,
        "[]" => new List<string>(),
        "\"\"" => "",
        _ when type == typeof(TimeSpan) => TimeSpan.ParseExact(text, text.Contains('.', StringComparison.Ordinal) ? @"hh\:mm\:ss\.FFF" : @"hh\:mm\:ss", CultureInfo.InvariantCulture),
        _ when type.IsEnum => Enum.Parse(type, text),
        _ => Convert.ChangeType(text, type, CultureInfo.InvariantCulture),
    };

    private static string OnlyCode(string cell) => Assert.Single(ReadmeText.Codes(cell));

    private static string Joined(IEnumerable<string> lines) => string.Join('\n', lines);
}
