"""The page of a job: what was decided, what the rollback did, how production is. Markdown, of documents; pure.

Whatever a host, a branch or a person wrote stands there as text: no markup, no link, nobody mentioned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Cell = Callable[[str], str]
_SIGNS = {"done": "✅", "skipped": "·", "failed": "❌", "pass": "✅", "fail": "❌"}


def page(document: Mapping[str, Any], cell: Cell) -> str:
    """The whole page. `cell` makes a text harmless."""
    parts = [_head(document, cell), _decisions(document, cell)]
    if document.get("rollback"):
        parts.append(_rollback(document["rollback"], cell))
    if document.get("verify"):
        parts.append(_verify(document["verify"], cell))
    parts += [f"> {cell(note)}\n" for note in document["notes"]]
    return "\n".join(parts) + "\n"


def gates_page(document: Mapping[str, Any], cell: Cell) -> str:
    """The page of a job that judged a commit before its deploy."""
    rows = []
    for gate in document["gates"]:
        words = [gate["reason"], *gate["details"], *([f"waived: {gate['waived']}"] if gate["waived"] else [])]
        sign = "⏭" if gate["waived"] else _SIGNS.get(gate["verdict"], "❔")
        rows.append((f"{sign} {gate['name']}", gate["verdict"], "; ".join(words)))
    title = f"## Before the deploy of {cell(document['sha'][:12])}: {cell(document['verdict'])}\n\n"
    return title + _table(("gate", "verdict", "why"), rows, cell)


def _head(document: Mapping[str, Any], cell: Cell) -> str:
    code, verdict = document["exit_code"], document["verdict"]
    run = f" · run `{cell(document['run_id'])}`" if document.get("run_id") else ""
    return f"## {cell(document['environment'])}: {cell(verdict)} (exit {code})\n\n{cell(document['says'])}{run}\n"


def _decisions(document: Mapping[str, Any], cell: Cell) -> str:
    words = {True: "rolled back", False: "left as it is", None: "not known"}
    rows = [(one["host"], words[one["rolls_back"]], one["why"]) for one in document["decisions"]]
    return _table(("host", "decision", "why"), rows, cell) if rows else ""


def _rollback(run: Mapping[str, Any], cell: Cell) -> str:
    if "steps" not in run:
        lines = [str(run.get("error") or ""), f"next: {run['remedy']}" if run.get("remedy") else ""]
        return "### The rollback\n\n" + "".join(f"{cell(line)}\n\n" for line in lines if line)
    outage = run.get("outage_s")
    outage_words = "not known" if outage is None else f"{outage:.1f} s"
    text = f"### {cell(run['from']['version'])} → {cell(run['to']['version'])}, outage {outage_words}\n\n"
    steps = [(_SIGNS.get(one["outcome"], one["outcome"]), one["host"], one["id"], _took(one)) for one in run["steps"]]
    undo = f"\nTo take it back: `fab undo --run={cell(run['run_id'])}`\n"
    return text + _table(("", "host", "step", "took"), steps, cell) + undo


def _took(step: Mapping[str, Any]) -> str:
    took = "" if step["elapsed_s"] is None else f"{step['elapsed_s']:.1f} s"
    return " ".join(word for word in (took, step["reason"] or "") if word)


def _verify(verify: Mapping[str, Any], cell: Cell) -> str:
    ill = [
        one for one in verify.get("measurements", ()) if one["verdict"] not in ("pass", "skipped") and one["critical"]
    ]
    text = f"### Verified: {cell(verify['verdict'])}\n\n"
    if "error" in verify:
        return text + f"{cell(verify['error'])}\n"
    if not ill:
        return text
    return text + _table(("host", "look", "reason"), [(one["host"], one["name"], one["reason"]) for one in ill], cell)


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]], cell: Cell) -> str:
    lines = [head, tuple("---" for _ in head)]
    made = ["| " + " | ".join(line) + " |" for line in lines]
    made += ["| " + " | ".join(cell(str(text)) for text in row) + " |" for row in rows]
    return "\n".join(made) + "\n"
