"""Lease, hold, marks and runs out of their `key=value` files.

Never fails on a bad line: these files are read when things are already wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from hummii_ops.facts.archive import Kept
from hummii_ops.facts.claims import Hold, Lease, Mark, RunFact
from hummii_ops.transport.text import printable


def pairs(text: str) -> dict[str, str]:
    """The file's keys and values; a line without `=` is passed over, the last of two equal keys wins."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found[key.strip()] = printable(value)
    return found


def epoch_ms(text: str | None) -> datetime | None:
    """Milliseconds since 1970 as an aware UTC time; None if it is not such a number."""
    if text and text.isascii() and text.isdecimal():
        with suppress(OverflowError, ValueError, OSError):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
    return None


def lease(text: str | None) -> Lease | None:
    """The lease, or None without one. A lease file that cannot be read is still somebody's lease."""
    if text is None:
        return None
    said = pairs(text)
    return Lease(
        run=said.get("run", ""),
        who=said.get("who", ""),
        task=said.get("task", ""),
        reason=said.get("reason", ""),
        since=epoch_ms(said.get("since")),
        hosts=tuple(said.get("hosts", "").replace(",", " ").split()),
    )


def hold(text: str | None) -> Hold | None:
    """The deploy hold, or None without one."""
    if text is None:
        return None
    said = pairs(text)
    return Hold(
        run=said.get("run", ""),
        who=said.get("who", ""),
        reason=said.get("reason", ""),
        since=epoch_ms(said.get("since")),
        until=epoch_ms(said.get("until")),
    )


def mark(identity: str, text: str) -> Mark | None:
    """A mark; None if it says neither good nor bad."""
    said = pairs(text)
    if said.get("mark") not in {"good", "bad"}:
        return None
    return Mark(
        identity=identity,
        mark="good" if said["mark"] == "good" else "bad",
        who=said.get("who", ""),
        reason=said.get("reason", ""),
        since=epoch_ms(said.get("since")),
        run=said.get("run", ""),
    )


def runs(kept: Mapping[str, Kept], *, folder: str) -> tuple[RunFact, ...]:
    """Every run's folder, newest first by name."""
    ids = {path.removeprefix(f"{folder}/").split("/")[0] for path in kept if path.startswith(f"{folder}/")}
    return tuple(_run(run_id, kept, f"{folder}/{run_id}") for run_id in sorted(ids, reverse=True))


def _run(run_id: str, kept: Mapping[str, Kept], folder: str) -> RunFact:
    about, state, outside = (kept.get(f"{folder}/{name}") for name in ("about", "state", "gates/outside"))
    said = pairs(about.text) if about else {}
    return RunFact(
        run_id=run_id,
        task=said.get("task", ""),
        who=said.get("who", ""),
        reason=said.get("reason", ""),
        since=epoch_ms(said.get("since")),
        from_release=said.get("from", ""),
        to_release=said.get("to", ""),
        from_identity=said.get("from_identity", ""),
        to_identity=said.get("to_identity", ""),
        state=(printable(state.text).strip() or None) if state else None,
        state_at=state.changed_at if state else None,
        outside=(printable(outside.text).strip() or None) if outside else None,
        commit=said.get("commit", ""),
    )
