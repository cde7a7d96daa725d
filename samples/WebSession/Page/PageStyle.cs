namespace WebSession.Page;

/// <summary>How the page looks, and what keeps its counters current; it works without either.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --ink: light-dark(#1d2433, #e6e9f0); --quiet: light-dark(#5b6478, #9aa3b8); --paper: light-dark(#f4f6fa, #12151d);
          --card: light-dark(#fff, #1b202c); --line: light-dark(#dfe4ee, #2c3344); --accent: light-dark(#1f5fd0, #7aa7ff); --good: light-dark(#1d7a46, #5fd394); --bad: light-dark(#b3261e, #ff8a80); }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        header, main { max-width: 58rem; margin: 0 auto; padding: 1.5rem 1rem 0; }
        header p { color: var(--quiet); margin: 0; }
        h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.2rem; margin-bottom: 1rem; }
        table { width: 100%; border-collapse: collapse; font-size: .95rem; margin: .4rem 0; }
        th { text-align: left; color: var(--quiet); font-weight: 500; font-size: .85rem; }
        th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
        td code, .name { overflow-wrap: anywhere; } .name, .content { min-width: 7rem; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 1.2rem; }
        .scroll { overflow-x: auto; } .scroll.tiers table { min-width: 30rem; } .quiet, small { color: var(--quiet); }
        form { margin: .6rem 0; } td form { margin: 0; }
        .row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; } .row small { flex-basis: 100%; }
        label { color: var(--quiet); font-size: .9rem; display: grid; gap: .2rem; } .wide { flex: 1 1 14rem; } .wide input { width: 100%; }
        input, select, button { font: inherit; padding: .4rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); color: var(--ink); }
        button { background: var(--accent); color: light-dark(#fff, #10131a); border-color: transparent; cursor: pointer; font-weight: 600; }
        button.plain { background: none; color: var(--accent); padding: .1rem .3rem; font-weight: 500; }
        :is(button, input, select):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .badge { border: 1px solid currentColor; border-radius: 99px; padding: .05rem .6rem; font-size: .85rem; white-space: nowrap; } .good { color: var(--good); } .bad { color: var(--bad); }
        .failure { border: 1px solid var(--bad); color: var(--bad); background: var(--card); border-radius: 12px; padding: .8rem 1.2rem; margin: 0 0 1rem; }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .7rem; margin: 0; }
        dt { color: var(--quiet); font-size: .85rem; } dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
        """;

    public const string Script = """
        setInterval(async () => {
          try {
            const { counters } = await (await fetch('/api/tiers')).json();
            for (const shown of document.querySelectorAll('[data-counter]')) shown.textContent = counters[shown.dataset.counter].toLocaleString('en');
          } catch { document.title = 'Web session (server gone)'; }
        }, 2000);
        """;
}
