using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using CascadeCache;

namespace WebSession.Page;

/// <summary>Writes the page. Whatever comes from the session is encoded.</summary>
internal static class PageHtml
{
    private const int PreviewBytes = 60;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static string Render(PageModel model)
    {
        string token = $"""<input type="hidden" name="{Encode(model.FormTokenName)}" value="{Encode(model.FormToken)}">""";
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
              <title>Web session</title>
              <link rel="icon" href="data:,">
              <style>{{PageStyle.Css}}</style>
            </head>
            <body>
            <header>
              <h1>Web session</h1>
              <p>A stock ASP.NET Core session that lives in memcached and Google Cloud Datastore.</p>
            </header>
            <main>
            {{(model.Failure is null ? "" : $"""<p class="failure" role="alert">{Encode(model.Failure)}</p>""")}}
            <section>
              <h2>Your session</h2>
              <p>{{(!model.IsLoaded ? "It could not be loaded." : $"You have been counted <strong>{Number(model.Visits)}</strong> times.")}}</p>
              <form method="post" action="/page/visit">{{token}}<button>Count a visit</button></form>
              {{(model.IsLoaded ? Values(model, token) : "")}}
              <form method="post" action="/page/set" class="row">{{token}}
                <label>Name <input name="name" required maxlength="100" value="note" autocomplete="off"></label>
                <label class="wide">Text <input name="text" maxlength="10000"></label>
                <button>Add or change</button>
              </form>
              <form method="post" action="/page/fill" class="row">{{token}}
                <label>Fill with (KB) <select name="kilobytes"><option>10<option>100<option selected>900<option>2048<option value="11264">11264</select></label>
                <button>Store</button>
                <small>A session above <code>MaxMemcacheSessionSizeBytes</code> stays in Datastore alone: start with a lower one to see it. 2048 KB do not fit into one Datastore entity.</small>
              </form>
            </section>
            <section>
              <h2>Where this page found it</h2>
              {{Calls(model.Calls)}}
            </section>
            <section>
              <h2>Tiers</h2>
              {{Tiers(model.Statistics)}}
            </section>
            <section>
              <h2>Counted since the start</h2>
              <dl>{{Counters(model.Statistics)}}</dl>
            </section>
            </main>
            <script>{{PageStyle.Script}}</script>
            </body>
            </html>
            """;
    }

    private static string Values(PageModel model, string token)
    {
        if (model.Values.Count == 0)
        {
            return """<p class="quiet">There is nothing in it yet.</p>""";
        }

        var rows = new StringBuilder();
        foreach (SessionValue value in model.Values)
        {
            rows.Append(CultureInfo.InvariantCulture, $"""
                <tr><td class="name">{Encode(value.Name)}</td><td class="number">{Number(value.Bytes.Length)} B</td><td class="content"><code>{Encode(Preview(value.Bytes))}</code></td>
                <td><form method="post" action="/page/remove">{token}<input type="hidden" name="name" value="{Encode(value.Name)}"><button class="plain">Remove</button></form></td></tr>
                """);
        }

        return $"""<div class="scroll"><table><thead><tr><th>Name<th class="number">Size<th>Content<th></thead><tbody>{rows}</tbody></table></div>""";
    }

    private static string Calls(IReadOnlyList<CacheCall> calls)
    {
        if (calls.Count == 0)
        {
            return """<p class="quiet">No call was needed.</p>""";
        }

        IEnumerable<string> rows = calls.Select(static call => string.Create(
            CultureInfo.InvariantCulture,
            $"""<tr><td>{Encode(call.Operation)}<td>{Badge(call.Tier ?? "no tier", call.Tier is not null)}<td class="number">{call.Duration.TotalMilliseconds:F2} ms</tr>"""));
        return $"""<table><thead><tr><th>Call<th>Answered by<th class="number">Time</thead><tbody>{string.Concat(rows)}</tbody></table>""";
    }

    private static string Tiers(CascadeCacheStatistics statistics)
    {
        IEnumerable<string> rows = statistics.Tiers.Select(static t =>
            $"""<tr><td>{Encode(t.Tier)}<td><code>{Encode(t.Address)}</code><td>{Badge(t.IsConnected ? "available" : "not available", t.IsConnected)}<td>{Encode(t.CircuitState)}<td>{Encode(t.Version ?? "–")}</tr>""");
        return $"""<div class="scroll tiers"><table><thead><tr><th>Tier<th>Address<th>State<th>Circuit<th>Version</thead><tbody>{string.Concat(rows)}</tbody></table></div>""";
    }

    private static string Counters(CascadeCacheStatistics statistics) => string.Concat(TiersApi.Counters(statistics).Select(static counter =>
        $"""<div><dt>{Encode(Words(counter.Key))}</dt><dd data-counter="{counter.Key}">{Number(counter.Value)}</dd></div>"""));

    private static string Badge(string text, bool good) => $"""<span class="badge {(good ? "good" : "bad")}">{Encode(text)}</span>""";

    private static string Words(string name) => string.Concat(name.Select(static c => char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString()));

    private static string Preview(byte[] bytes)
    {
        bool isWhole = bytes.Length <= PreviewBytes;
        var text = new char[PreviewBytes];
        try
        {
            // Without a flush, a character that the preview cuts in two is left out instead of being taken for a fault.
            int length = StrictUtf8.GetDecoder().GetChars(bytes.AsSpan(0, Math.Min(bytes.Length, PreviewBytes)), text, flush: isWhole);
            return text.Take(length).Any(static c => char.IsControl(c) && !char.IsWhiteSpace(c)) ? Hex(bytes) : new string(text, 0, length) + (isWhole ? "" : "…");
        }
        catch (DecoderFallbackException)
        {
            return Hex(bytes);
        }
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes, 0, Math.Min(bytes.Length, PreviewBytes / 4)) + (bytes.Length > PreviewBytes / 4 ? "…" : "");

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
