"""The colours and shapes of a report, light and dark: plots name classes, and only this file says what they look like."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #6a737d; --rule: #d0d7de; --paper: #ffffff;
  --good: #1a7f37; --bad: #cf222e; --blue: #0969da; --gold: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #8d96a0; --rule: #30363d; --paper: #0d1117;
  --good: #3fb950; --bad: #f85149; --blue: #58a6ff; --gold: #d29922; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
.verdict { border-left: 4px solid var(--bad); padding: .5rem 1rem; font-weight: 600; } .verdict.passed { border-color: var(--good); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
.wide td, .wide th { overflow-wrap: normal; } tr.bad td:first-child { color: var(--bad); font-weight: 600; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
figure p { color: var(--soft); margin: .25rem 0; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } svg text.strong { fill: var(--ink); font-weight: 600; }
.grid { stroke: var(--rule); stroke-width: .5; } .zero { stroke: var(--soft); stroke-dasharray: 4 3; }
.line, .fall, .second, .third { fill: none; stroke: var(--blue); stroke-width: 1.5; }
.fall { stroke: var(--bad); } .second { stroke: var(--gold); } .third { stroke: var(--good); }
.win { fill: var(--good); } .loss { fill: var(--bad); } .bar { fill: var(--blue); } .trough { fill: var(--rule); fill-opacity: .5; }
.limit { stroke: var(--ink); stroke-width: 2; } .edge { fill: none; stroke: var(--ink); stroke-width: 2; }
.dot { stroke: none; } .dot.line { fill: var(--blue); } .dot.fall { fill: var(--bad); } .dot.second { fill: var(--gold); }
.dot.third { fill: var(--good); }
.key { font-weight: 400; font-size: 13px; } .key::before { content: "\\2014\\2014 "; font-weight: 700;
  letter-spacing: -3px; margin: 0 .4rem 0 .8rem; }
.key.line::before { color: var(--blue); } .key.fall::before { color: var(--bad); }
.key.second::before { color: var(--gold); } .key.third::before { color: var(--good); }
"""
