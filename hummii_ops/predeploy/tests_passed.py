"""Did the tests pass, for exactly this commit? GitHub's check runs and commit statuses; pure but for `asked`.

A required check that is missing is a fail, never a pass; of reruns the last one counts. Two apps may use one name: then
both count. Never waits for the workflow run that asks, unless one of its checks is required by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hummii_ops.checks.verdict import Judged
from hummii_ops.github.client import GitHub, NoAnswer
from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.predeploy.gate import Gate, worst_of
from hummii_ops.transport.text import printable

_POLL_S = 5.0
_NEUTRAL = frozenset({"neutral", "skipped"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check run or a status. `state`: success, failure …; "" while it is not over. `app`: who made it."""

    name: str
    app: str
    state: str
    newest: tuple[str, int]
    url: str


def judge(checks: Sequence[Check], settings: Predeploy, sha: str, *, last_look: bool, own_run: str = "") -> Gate | None:
    """The gate; None while it may still become another. `last_look`: nobody waits any longer."""
    verdicts = {label: _judged(check, settings) for label, check in _counting(checks, settings, own_run).items()}
    if not last_look and _may_change(verdicts.values()):
        return None
    details = tuple(f"{printable(name)}: {words}" for name, (said, words) in verdicts.items() if said != "pass")
    worst = worst_of(said for said, _ in verdicts.values())
    reason = f"{sum(said == 'pass' for said, _ in verdicts.values())} of {len(verdicts)} checks passed"
    reason = reason if verdicts else "GitHub knows no check of this commit that counts"
    return Gate(name="tests", verdict=worst, reason=reason, source=_source(sha), details=details)


def _counting(checks: Sequence[Check], settings: Predeploy, own_run: str) -> dict[str, Check | None]:
    """What counts, by its name for people: what is required, None where it is missing; else all that there is."""
    latest = {(one.name, one.app): one for one in sorted(checks, key=lambda one: one.newest)}
    if not settings.required:
        latest = {key: one for key, one in latest.items() if one.state or not _is_of(one, own_run)}
    found: dict[str, Check | None] = {}
    for name in settings.required or sorted({name for name, _ in latest}):
        mine = [one for one in latest.values() if one.name == name]
        if len(mine) > 1:
            found |= {f"{name} ({one.app})": one for one in mine}
        else:
            found[name] = mine[0] if mine else None
    return found


def _is_of(check: Check, own_run: str) -> bool:
    """Is it a job of the workflow run that asks? That would wait for itself."""
    return bool(own_run) and check.url.startswith(f"{own_run}/")


def asked(
    github: GitHub,
    settings: Predeploy,
    sha: str,
    *,
    wait_s: float,
    own_run: str = "",
    pause: Callable[[float], None] = time.sleep,
) -> Gate:
    """Ask, and again until the checks are over or `wait_s` is. `own_run`: the address of the workflow run that asks."""
    deadline = github.clock() + wait_s
    while True:
        last_look = github.clock() >= deadline
        try:
            gate = judge(read(github, sha), settings, sha, last_look=last_look, own_run=own_run)
        except NoAnswer as error:
            return Gate(name="tests", verdict="error", reason=str(error), source=_source(sha))
        if gate is not None:
            return gate
        pause(max(0.0, min(_POLL_S, deadline - github.clock())))


def read(github: GitHub, sha: str) -> list[Check]:
    """All check runs and statuses of the commit. Raises NoAnswer."""
    runs = github.pages(f"/commits/{sha}/check-runs?filter=latest", "check_runs")
    if foreign := [one for one in runs if one.get("head_sha") != sha]:
        raise NoAnswer(f"GitHub answered with checks of another commit: {foreign[0].get('head_sha')!r:.60}")
    statuses = github.pages(f"/commits/{sha}/status", "statuses")
    return [*map(_run, runs), *map(_status, statuses)]


def _may_change(said: Collection[tuple[Judged, str]]) -> bool:
    """Is waiting worth it: nothing has failed for good, and something is not over, or not there yet?"""
    if any(verdict == "fail" and words != "missing" for verdict, words in said):
        return False
    return not said or any(verdict != "pass" for verdict, _ in said)


def _judged(check: Check | None, settings: Predeploy) -> tuple[Judged, str]:
    if check is None:
        return "fail", "missing"
    if not check.state:
        return "inconclusive", "not over yet"
    if check.state == "success" or (check.state in _NEUTRAL and settings.accept_neutral):
        return "pass", check.state
    return "fail", printable(check.state)


def _run(one: Mapping[str, Any]) -> Check:
    app = one.get("app")
    return Check(
        name=str(one.get("name")),
        app=str(app.get("slug")) if isinstance(app, Mapping) else "no app",
        state=str(one.get("conclusion") or "no conclusion") if one.get("status") == "completed" else "",
        newest=(str(one.get("started_at") or ""), _number(one)),
        url=str(one.get("details_url") or ""),
    )


def _status(one: Mapping[str, Any]) -> Check:
    return Check(
        name=str(one.get("context")),
        app="status",
        state="" if one.get("state") == "pending" else str(one.get("state")),
        newest=(str(one.get("updated_at") or ""), _number(one)),
        url="",
    )


def _number(one: Mapping[str, Any]) -> int:
    return one["id"] if isinstance(one.get("id"), int) else 0


def _source(sha: str) -> str:
    return f"gh api repos/{{owner}}/{{repo}}/commits/{sha}/check-runs; the same with /status"
