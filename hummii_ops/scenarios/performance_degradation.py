"""The page "Performance Degradation": slow answers, slow queries, resources that run out.

By hand: 20 to 40 minutes, and a rollback on suspicion. Here a rollback is made only if it would help, or on a person's
word; then it is watched, and said aloud if it changed nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from hummii_ops.checks import Measurement, Verdict, worst
from hummii_ops.errors import ExitCode, Inconclusive, Refused
from hummii_ops.scenarios import code_back
from hummii_ops.scenarios.code_back import Ended, Told
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import printable

NAME, TITLE, BUDGET_MIN = "performance-degradation", "Performance Degradation", (20, 40)

_OF_PERFORMANCE = (
    "speed", "response", "requests", "database", "cpu", "memory", "host", "pressure", "disk", "inodes", "oom",
    "restarts", "prometheus", "before",
)  # fmt: skip
Improved = Literal["improved", "unchanged", "worse", "unknown"]
_EVERY_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator said. `despite`: why to go on although it would not help; `watch_s`: for how long to look."""

    despite: str = ""
    dry_run: bool = False
    watch_s: float = 60


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """The answer of `fab diagnose` for one host."""

    host: str
    helps: Literal["yes", "no", "unknown"]
    because: str
    next_command: str


class Hands(code_back.Hands, Protocol):
    """As for every page that rolls code back; and what diagnose says."""

    def diagnose(self) -> tuple[Opinion, ...]: ...


def performance_degradation(
    page: Page, hands: Hands, asked: Asked, sleep: Callable[[float], None] = time.sleep
) -> Told:
    """The page from its top to its end. Raises Refused or Inconclusive where a rollback would not help."""
    before = verify_performance_degradation(page, hands, flows=not asked.dry_run)
    check_if_rollback_will_help(page, hands, asked)
    code_back.notified(page, hands)
    ended = code_back.execute(page, hands, dry_run=asked.dry_run)
    if asked.dry_run or not ended.went:
        return Told(exit_code=ended.exit_code, run=ended)
    return monitor_after_rollback(page, hands, asked, ended, before, sleep)


def verify_performance_degradation(page: Page, hands: Hands, *, flows: bool) -> tuple[Measurement, ...]:
    """What is measured now, against its limits."""
    seen = tuple(one for one in hands.verify(flows=flows) if one.name.partition(".")[0] in _OF_PERFORMANCE)
    slow = [one for one in seen if one.verdict == "fail"]
    lines = [printable(f"{one.name}: {one.reason}") for one in slow]
    verdict: Verdict = worst(seen) if not slow else "fail"
    lines += [] if flows else [code_back.NOT_PLAYED]
    page.write("Verify the degradation", verdict, lines or [f"all {len(seen)} measurements are within their limits"])
    return seen


def check_if_rollback_will_help(page: Page, hands: Hands, asked: Asked) -> None:
    """On yes, or on a person's word, the page goes on."""
    found = hands.diagnose()
    helps = next((word for word in ("yes", "unknown") if any(one.helps == word for one in found)), "no")
    lines = [printable(f"{one.host}: {one.helps}: {one.because}") for one in found]
    verdict: Verdict = "pass" if helps == "yes" else "inconclusive" if helps == "unknown" else "fail"
    if asked.despite:
        lines.append(printable(f"gone on by a person's word: {asked.despite}"))
    page.write("Check if a rollback will help", verdict, lines)
    if helps == "yes" or asked.despite:
        return
    would = "; ".join(dict.fromkeys(one.next_command for one in found))
    remedy = f'{would}; to roll back all the same: add --despite="why"'
    if helps == "no":
        raise Refused("a rollback would not help, so nothing was rolled back", remedy=remedy)
    raise Inconclusive("it is not known whether a rollback would help; nothing was rolled back", remedy=remedy)


def monitor_after_rollback(
    page: Page,
    hands: Hands,
    asked: Asked,
    ended: Ended,
    before: Sequence[Measurement],
    sleep: Callable[[float], None],
) -> Told:
    """Look until the window is over, and say what the rollback changed."""
    until, looks = time.monotonic() + asked.watch_s, 1
    seen = code_back.looked_again(hands.verify)
    with suppress(KeyboardInterrupt):  # who has seen enough ends the watching, not the run
        while time.monotonic() + _EVERY_S < until:
            sleep(_EVERY_S)
            seen, looks = code_back.looked_again(hands.verify), looks + 1
    changed, lines = compared(before, seen)
    verdict = worst(seen)
    said = [f"{changed}, after {looks} looks in {asked.watch_s:.0f} s", *lines, *code_back.not_well(seen, verdict)]
    page.write("Monitor performance after the rollback", verdict if changed != "unchanged" else "fail", said)
    if verdict == "pass":
        code_back.kept(hands)
    well = verdict == "pass" and ended.exit_code is ExitCode.DONE and changed in ("improved", "unknown")
    return Told(exit_code=ExitCode.DONE if well else ExitCode.DEGRADED, run=ended, measurements=seen)


def compared(before: Sequence[Measurement], after: Sequence[Measurement]) -> tuple[Improved, list[str]]:
    """What was over its limit, then and now. Unchanged is said aloud: the cause is then elsewhere."""
    slow, now = _slow(before), {one.name: one for one in after}
    cured = [name for name in slow if name in now and now[name].verdict == "pass"]
    still = [name for name in slow if name in now and now[name].verdict == "fail"]
    new = [name for name, one in _slow(after).items() if name not in slow and one.critical]
    lines = list(_then_and_now(slow, now))
    if new:
        return "worse", [*lines, f"over the limit now, and not before: {', '.join(new)}"]
    if not slow:
        return "unknown", ["nothing was over its limit before the rollback"]
    if cured:
        return "improved", lines
    if still:
        return "unchanged", [*lines, "the rollback did not fix it; the cause is probably elsewhere"]
    return "unknown", [*lines, "what was over its limit could not be measured again"]


def _slow(measurements: Sequence[Measurement]) -> Mapping[str, Measurement]:
    kinds = {one.name: one for one in measurements if one.name.partition(".")[0] in _OF_PERFORMANCE}
    return {name: one for name, one in kinds.items() if one.verdict == "fail"}


def _then_and_now(slow: Mapping[str, Measurement], now: Mapping[str, Measurement]) -> Iterator[str]:
    for name, then in slow.items():
        is_now = now.get(name)
        value = f"{is_now.value} {is_now.unit or ''}".strip() if is_now else "not measured"
        yield printable(f"{name}: {then.value} {then.unit or ''} → {value}")
