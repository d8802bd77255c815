"""The record as Markdown: a summary, and the draft of a post-mortem with its blanks marked.

Text of servers and people stands in code spans, where nothing of it is a link, a mention, a heading or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hummii_ops.telling.report import summary
from hummii_ops.telling.report.wording import clock, seconds

_BLANK = "> **To fill in:** {question}\n>\n> …"
_ACTIONS = "| What | Prevents, detects or mends | Owner | Due |\n| --- | --- | --- | --- |\n| … | … | … | … |"
_LOUD = ("failed", "open")


def markdown(report: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [*_head(report), *_timeline(report), *_steps(report), *_checks(report), *_post_mortem(report)]
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    """`text` as a code span: whatever is in it stays as it is, also in a table."""
    text = " ".join(text.split()).replace("|", "\\|") or "-"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    room = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{room}{text}{room}{fence}"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {report['run_id']}"
    yield code(summary.sentence(report))
    yield f"Environment {code(report['environment'])}, asked for by {code(report['who'] or 'not known')}: " + code(
        report["reason"] or "no reason given"
    )
    if report["missing"]:
        yield "**Not complete.** Missing here:\n\n" + "\n".join(f"- {code(one)}" for one in report["missing"])
    rows = "\n".join(f"| {name} | {code(value)} |" for name, value in summary.figures(report))
    yield f"| | |\n| --- | --- |\n{rows}"
    yield "\n".join(_host(host) for host in report["hosts"])


def _host(host: Mapping[str, Any]) -> str:
    asked = "not asked" if host["outside"] is None else host["outside"]
    by = ", by default: nobody answered" if host["outside_by_default"] else ""
    return f"- {code(host['name'])}: {code(host['state'])}; from outside: {code(asked + by)}"


def _timeline(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Timeline\n\nUTC, by the hosts’ clocks."
    rows = "\n".join(
        f"| {clock(one['at'])} | {code(one['host'] or 'here')} | {code(one['words'])} | {_link(one['evidence'])} |"
        for one in report["timeline"]
    )
    yield f"| Time | Where | What | Evidence |\n| --- | --- | --- | --- |\n{rows}"


def _link(evidence: Mapping[str, Any]) -> str:
    name, line = evidence["file"], evidence["line"]
    return f"[{name.rpartition('/')[2]}{f', line {line}' if line else ''}]({quote(name)}{f'#L{line}' if line else ''})"


def _steps(report: Mapping[str, Any]) -> Iterator[str]:
    loud = [one for one in report["steps"] if one["outcome"] in _LOUD]
    done = sum(one["outcome"] in ("done", "skipped") for one in report["steps"])
    yield f"## Steps\n\n{done} of {len(report['steps'])} held or were done."
    if loud:
        yield "\n".join(f"- {one['id']}: {one['outcome']}, {code(one['reason'] or 'it said nothing')}" for one in loud)


def _checks(report: Mapping[str, Any]) -> Iterator[str]:
    yield "## Verified afterwards"
    if report["checks"] is None:
        yield _BLANK.format(question="nobody has looked yet: `fab followups --execute`, then `fab report`")
        return
    rows = "\n".join(
        f"| {code(one['name'])} | {code(str(one['verdict']))} | {code(str(one['reason'] or ''))} |"
        for one in report["checks"]
    )
    yield f"| Look | Verdict | Why |\n| --- | --- | --- |\n{rows}\n\nEvidence: [verify.json](verify.json)"


def _post_mortem(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"## Post-mortem (draft)\n\n{summary.BLAMELESS}"
    for name, question in summary.BLANKS:
        yield f"### {name}"
        if name == "Impact" and report["outage_s"]:
            known = f"During the run the health URL gave no good answer for {seconds(report['outage_s'])}."
            probes = {"file": f"{report['hosts'][0]['name']}/evidence/probe.txt", "line": None}
            yield f"{known} Evidence: {_link(probes)}"
        yield _BLANK.format(question=question)
    yield f"### Actions\n\n{_ACTIONS}"
