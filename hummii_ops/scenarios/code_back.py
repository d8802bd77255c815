"""What the pages that roll code back share: the rollback as a stage of the page, and the verification after it.

Never undoes by itself: what the verification says after the run is told, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hummii_ops.checks import Measurement, Verdict, worst
from hummii_ops.errors import ExitCode, HummiiError
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import LinkLost, printable

NOT_PLAYED = "user flows are not played in a dry run: they write test data"
_WENT = (ExitCode.DONE, ExitCode.DEGRADED)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the rollback ended, or its dry run; `document` is what the rollback's own task would print."""

    exit_code: ExitCode
    document: Mapping[str, Any]

    @property
    def went(self) -> bool:
        """Does the release that was asked for run now?"""
        return self.exit_code in _WENT


@dataclass(frozen=True, kw_only=True)
class Told:
    """The end of a page. `run` None: none was begun."""

    exit_code: ExitCode
    run: Ended | None = None
    measurements: tuple[Measurement, ...] = ()


class Looks(Protocol):
    """What looks again when a run has ended."""

    def verify(self) -> tuple[Measurement, ...]:
        """The looks of `fab verify`, on every host."""
        ...

    def keep(self) -> None:
        """Mark what runs as good, as a passing `fab verify` does: the last looks passed."""
        ...


class Hands(Looks, Protocol):
    """What only the room of the tasks can do: ask people, and show a run while it lasts."""

    def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
        """`flows` False: none is played, for they write test data."""
        ...

    def roll_back(self) -> Ended:
        """`fab rollback` to the release that was asked for, with its plan and its question."""
        ...

    def channels(self) -> tuple[str, ...]:
        """Through which people are told while it runs."""
        ...


def execute(page: Page, hands: Hands, *, dry_run: bool) -> Ended:
    """The stage of the rollback. Raises what the rollback raises; then nothing was changed."""
    ended = hands.roll_back()
    verdict: Verdict = "pass" if ended.exit_code is ExitCode.DONE else "inconclusive" if ended.went else "fail"
    page.write("Execute the rollback", verdict, _how(ended, dry_run=dry_run))
    return ended


def verified(page: Page, hands: Looks, ended: Ended, *, title: str = "Verify the rollback") -> Told:
    """The second verification, after the run has ended: 0 if all is well, else 7."""
    seen = looked_again(hands.verify)
    verdict = worst(seen)
    page.write(title, verdict, not_well(seen, verdict))
    if verdict == "pass":
        kept(hands)
    well = verdict == "pass" and ended.exit_code is ExitCode.DONE
    return Told(exit_code=ExitCode.DONE if well else ExitCode.DEGRADED, run=ended, measurements=seen)


def looked_again(verify: Callable[[], tuple[Measurement, ...]]) -> tuple[Measurement, ...]:
    """The looks after a run. The run has ended: whatever keeps us from looking is "could not look", never an error."""
    try:
        return verify()
    except KeyboardInterrupt:
        why = "left at your word"
    except (HummiiError, LinkLost) as error:
        why = str(error).splitlines()[0]
    return (Measurement(name="verify", verdict="error", reason=f"could not look: {why}", source="fab verify"),)


def kept(hands: Looks) -> None:
    """The mark of a pass; who leaves meanwhile leaves the mark, never the end of the run."""
    with suppress(KeyboardInterrupt):
        hands.keep()


def notified(page: Page, hands: Hands) -> None:
    """Who hears of it; telling them can neither stop nor delay the rollback."""
    channels = hands.channels()
    said = f"they hear of each turn of it: {', '.join(channels)}" if channels else "skipped: no channel configured"
    page.write("Notify stakeholders", "pass", [said])


def not_well(measurements: tuple[Measurement, ...], verdict: Verdict) -> Iterator[str]:
    """The verdict, and each look that made it."""
    yield f"{verdict}: {len(measurements)} looks, those of fab verify"
    for one in measurements:
        if one.critical and one.verdict not in ("pass", "skipped"):
            yield printable(f"{one.name}: {one.reason}")


def _how(ended: Ended, *, dry_run: bool) -> Iterator[str]:
    said = ended.document
    if dry_run:
        yield "this plan can run; nothing was changed" if ended.exit_code is ExitCode.DONE else "this plan cannot run"
        return
    to = (said.get("to") or {}).get("version")
    if ended.went:
        yield printable(f"{to} runs again; it can be undone: fab undo --run={said.get('run_id')}")
    else:
        yield f"it ended as {said.get('verdict')}: see above"
    if said.get("outage_s") is not None:
        yield f"outage {said['outage_s']} s"
