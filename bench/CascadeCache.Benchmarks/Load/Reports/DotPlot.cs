using System.Globalization;
using System.Net;
using System.Text;

namespace CascadeCache.Benchmarks.Load.Reports;

/// <summary>A row of a plot: one range for each panel, from the dot to the end of the line; the same number twice for a dot alone.</summary>
internal sealed record PlotRow(string Label, SubjectFamily Family, IReadOnlyList<(double Dot, double End)> Values);

internal sealed record PlotGroup(string Label, IReadOnlyList<PlotRow> Rows);

/// <summary>
/// Draws rows of dots on logarithmic axes, a panel for each quantity, as an SVG of its own. The colours stand on light and on dark ground, and every dot is also named and, in its
/// tooltip, numbered.
/// </summary>
internal sealed class DotPlot(string title, IReadOnlyList<string> panels, IReadOnlyList<PlotGroup> groups)
{
    private const int LabelWidth = 300;
    private const int PanelWidth = 320;
    private const int PanelGap = 40;
    private const int RowHeight = 17;
    private const int GroupGap = 26;
    private const int Top = 66;
    private const int Bottom = 20;

    private readonly StringBuilder _svg = new();

    public string Draw()
    {
        int height = Top + (groups.Count * GroupGap) + (groups.Sum(static group => group.Rows.Count) * RowHeight) + Bottom;
        int width = LabelWidth + (panels.Count * (PanelWidth + PanelGap));
        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line($"<style>text{{fill:#333}}.grid{{stroke:#8884}}{Colours()}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}}}</style>");
        Text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        for (int panel = 0; panel < panels.Count; panel++)
        {
            Axis(panel, height);
        }

        int y = Top;
        foreach (PlotGroup group in groups)
        {
            y += GroupGap;
            Text(10, y - 6, group.Label, "font-weight=\"bold\"");
            foreach (PlotRow row in group.Rows)
            {
                y += RowHeight;
                Row(row, y - 5);
            }
        }

        Line($"</svg>");
        return _svg.ToString();
    }

    private void Row(PlotRow row, int y)
    {
        Text(LabelWidth - 14, y + 4, row.Label, "text-anchor=\"end\"");
        for (int panel = 0; panel < panels.Count; panel++)
        {
            (double dot, double end) = row.Values[panel];
            if (!(dot > 0) || !(end > 0))
            {
                continue;
            }

            double x = X(panel, dot);
            string tip = dot == end ? Number(dot) : Number(dot) + " – " + Number(end);
            Line($"<g class=\"{row.Family}\"><title>{Escaped(row.Label)}: {tip}</title>");
            Line($"<line x1=\"{x:0.#}\" y1=\"{y}\" x2=\"{X(panel, end):0.#}\" y2=\"{y}\" stroke-width=\"3\" stroke-opacity=\"0.5\"/>");
            Line($"<circle cx=\"{x:0.#}\" cy=\"{y}\" r=\"4.5\"/></g>");
        }
    }

    private void Axis(int panel, int height)
    {
        (int first, int last) = Decades(panel);
        Text(Left(panel), 44, panels[panel], "font-style=\"italic\"");
        for (int decade = first; decade <= last; decade++)
        {
            double x = X(panel, Math.Pow(10, decade));
            Line($"<line class=\"grid\" x1=\"{x:0.#}\" y1=\"{Top}\" x2=\"{x:0.#}\" y2=\"{height - Bottom}\"/>");
            Text(x, Top - 4, Number(Math.Pow(10, decade)), "text-anchor=\"middle\" font-size=\"10\"");
        }
    }

    private double X(int panel, double value)
    {
        (int first, int last) = Decades(panel);
        return Left(panel) + (PanelWidth * (Math.Log10(value) - first) / (last - first));
    }

    private (int First, int Last) Decades(int panel)
    {
        double[] values = [.. groups.SelectMany(static group => group.Rows).SelectMany(row => new[] { row.Values[panel].Dot, row.Values[panel].End }).Where(static value => value > 0)];
        if (values.Length == 0)
        {
            return (0, 1);
        }

        int first = (int)Math.Floor(Math.Log10(values.Min()));
        return (first, Math.Max(first + 1, (int)Math.Ceiling(Math.Log10(values.Max()))));
    }

    private static string Colours() => string.Concat(Enum.GetValues<SubjectFamily>().Select(static family => $".{family}{{fill:{ColourOf(family)};stroke:{ColourOf(family)}}}"));

    private static string ColourOf(SubjectFamily family) => family switch
    {
        SubjectFamily.CascadeCache => "#2f7ed8",
        SubjectFamily.Redis => "#d9534f",
        SubjectFamily.Memory => "#3a9d5d",
        _ => "#888",
    };

    private static int Left(int panel) => LabelWidth + (panel * (PanelWidth + PanelGap));

    private static string Number(double value) => value.ToString(value >= 1 ? "#,0.#" : "0.####", CultureInfo.InvariantCulture);

    private static string Escaped(string text) => WebUtility.HtmlEncode(text);

    private void Text(double x, double y, string text, string attributes) => Line($"<text x=\"{x:0.#}\" y=\"{y:0.#}\" {attributes}>{Escaped(text)}</text>");

    private void Line(FormattableString text) => _svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
