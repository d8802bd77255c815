"""The record as one HTML file: no script, nothing fetched, light and dark, fit for paper. Every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from hummii_ops.telling.report import summary
from hummii_ops.telling.report.chart import chart
from hummii_ops.telling.report.wording import clock, seconds

# The policy forbids what the page does not do anyway: should markup ever get in, it can fetch and run nothing.
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
"""
_STYLE = """:root { --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --paper: #fff; --good: #1a7f37; --bad: #c21a2c;
  --warn: #9a6700; --accent: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117;
  --good: #3fb950; --bad: #ff7b72; --warn: #d29922; --accent: #58a6ff; } }
body { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.verdict { font-size: 1.15rem; font-weight: 600; border-left: 4px solid; padding-left: .7rem; }
.pass, .done { color: var(--good); } .fail, .failed, .mixed, .restored, .refused { color: var(--bad); }
.degraded, .unfinished, .unknown, .open, .error, .inconclusive { color: var(--warn); }
.soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; } a { color: var(--accent); }
.blank { border: 1px dashed var(--warn); padding: .4rem .7rem; min-height: 2.5rem; color: var(--soft); }
.chart { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: var(--soft); }
.chart .grid { stroke: var(--line); } .chart .median { fill: none; stroke: var(--accent); stroke-width: 1.6; }
.chart .worst { fill: none; stroke: var(--accent); opacity: .35; } .chart .bad { fill: var(--bad); }
.chart line.limit { stroke: var(--warn); stroke-dasharray: 5 4; } .chart text.limit { fill: var(--warn); }
.chart line.mark { stroke: var(--ink); stroke-dasharray: 2 3; } .chart text.mark { fill: var(--ink); }
@media (max-width: 40rem) { main { padding: 1rem .5rem; } td:first-child { white-space: normal; }
  th, td { padding-right: .4rem; font-size: .85rem; overflow-wrap: anywhere; word-break: break-word; }
  table { table-layout: fixed; } }
@media print { :root { --ink: #000; --soft: #333; --line: #bbb; --paper: #fff; } main { max-width: none; padding: 0; }
  tr, svg, .blank { break-inside: avoid; } h2 { break-after: avoid; } a { color: inherit; text-decoration: none; } }"""


def html(report: Mapping[str, Any]) -> str:
    """The whole page."""
    title = f"{report['run_id']} · {report['environment']}"
    parts = [
        _HEAD.format(title=escape(title), style=_STYLE),
        *_first(report),
        *_health(report),
        *_timeline(report),
        *_steps(report),
        *_checks(report),
        *_post_mortem(report),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _first(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h1>{escape(report['run_id'])}</h1>"
    yield f'<p class="verdict {escape(report["verdict"])}">{escape(summary.sentence(report))}</p>'
    who, reason = report["who"] or "not known", report["reason"] or "no reason given"
    yield f"<p>{escape(report['environment'])} · asked for by {escape(who)}: {escape(reason)}</p>"
    if report["missing"]:
        yield "<p><strong>Not complete.</strong> Missing here:</p>"
        yield "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in report["missing"]) + "</ul>"
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n'
        for name, value in summary.figures(report)
    )
    yield f"<table>\n{rows}</table>"


def _health(report: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Health</h2>"
    for number, host in enumerate(report["hosts"]):
        drawn = chart(host, limit_ms=report["limit_ms"], number=number)
        yield f"<h3>{escape(host['name'])}: {escape(host['state'])}</h3>"
        yield drawn or f'<p class="soft">not sampled: {escape(host["outage_reason"] or "no samples came home")}</p>'


def _timeline(report: Mapping[str, Any]) -> Iterator[str]:
    yield '<h2>Timeline</h2>\n<p class="soft">UTC, by the hosts’ clocks.</p>'
    rows = (
        (clock(one["at"]), escape(one["host"] or "here"), escape(one["words"]), _link(one["evidence"]))
        for one in report["timeline"]
    )
    yield _table(("Time", "Where", "What", "Evidence"), rows)


def _link(evidence: Mapping[str, Any]) -> str:
    name = evidence["file"]
    line = f", line {evidence['line']}" if evidence["line"] else ""
    return f'<a href="{escape(quote(name))}">{escape(name.rpartition("/")[2])}</a>{line}'


def _steps(report: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Steps</h2>"
    rows = (
        (
            escape(one["id"]),
            escape(one["list"]),
            f'<span class="{one["outcome"].partition(" ")[0]}">{escape(one["outcome"])}</span>',
            seconds(one["elapsed_s"]) if one["elapsed_s"] is not None else "",
            escape(one["reason"] or ""),
        )
        for one in report["steps"]
    )
    yield _table(("Step", "Way", "Outcome", "Took", "Why"), rows)


def _checks(report: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Verified afterwards</h2>"
    if report["checks"] is None:
        yield '<p class="blank">Nobody has looked yet: fab followups --execute, then fab report</p>'
        return
    rows = (
        (
            escape(str(one["name"])),
            f'<span class="{escape(str(one["verdict"]))}">{escape(str(one["verdict"]))}</span>',
            escape(str(one["reason"] or "")),
        )
        for one in report["checks"]
    )
    yield _table(("Look", "Verdict", "Why"), rows)


def _post_mortem(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>Post-mortem (draft)</h2>\n<p>{summary.BLAMELESS} To write it: report.md.</p>"
    for name, question in summary.BLANKS:
        yield f'<h3>{escape(name)}</h3>\n<p class="blank">To fill in: {escape(question)}</p>'


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """`rows` are cells that are markup already."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
