"""Watching production for a while: looks in, what changed between them out. Pure.

One bad look is a blip; ill is what two looks in a row say, so that nobody is woken by a dropped packet. Never takes a
look that could not be made for a good one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hummii_ops.checks import Measurement, Verdict, worst
from hummii_ops.scenarios.missed import Missed

Kind = Literal["once", "ill", "well", "unseen", "seen"]
# Of our own books: they say nothing of how production is.
_NOT_WATCHED = ("quiet", "release.mark", "images.recorded")


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at all hosts. `ill` names the critical looks that failed; `why` not None: it could not be made.

    `missed`: what the hosts' own records say of the time before it, in which nobody looked.
    """

    at: datetime
    ill: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    why: str | None = None
    missed: tuple[Missed, ...] = ()

    @property
    def verdict(self) -> Verdict:
        if self.why is not None:
            return "error"
        return "fail" if self.ill else "inconclusive" if self.unknown else "pass"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Something changed."""

    at: datetime
    kind: Kind
    words: str


def look(at: datetime, measurements: Sequence[Measurement]) -> Look:
    """Of what was measured, that which speaks of production."""
    seen = [one for one in measurements if one.critical and one.name not in _NOT_WATCHED]
    return Look(
        at=at,
        ill=tuple(one.name for one in seen if one.verdict == "fail"),
        unknown=tuple(one.name for one in seen if one.verdict in ("inconclusive", "error")) or _nothing(seen),
    )


def _nothing(seen: Sequence[Measurement]) -> tuple[str, ...]:
    return () if worst(seen) in ("pass", "fail") else ("nothing was looked at",)


@dataclass(kw_only=True)
class Watch:
    """Folds looks into turns."""

    looks: list[Look] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    ill: bool = False

    def see(self, one: Look) -> tuple[Turn, ...]:
        """What this look changes."""
        before = self.looks[-1] if self.looks else None
        self.looks.append(one)
        new = tuple(self._turns(one, before))
        self.turns += new
        return new

    def _turns(self, one: Look, before: Look | None) -> Iterator[Turn]:
        if one.why is not None:
            if before is None or before.why is None:
                yield Turn(at=one.at, kind="unseen", words=f"could not look: {one.why}")
            return
        if before is not None and (before.why is not None or one.missed):
            gap = (one.at - self._last_seen(before.at)).total_seconds()
            meanwhile = "".join(f"; {each.words}" for each in one.missed)
            yield Turn(at=one.at, kind="seen", words=f"looking again; nobody looked for {gap:.0f} s{meanwhile}")
        if badly := [each.words for each in one.missed if each.ill]:
            yield Turn(at=one.at, kind="ill", words=f"while nobody looked: {'; '.join(badly)}")
        if one.ill and not self.ill:
            again = before is not None and bool(before.ill)
            self.ill = again
            yield Turn(at=one.at, kind="ill" if again else "once", words=", ".join(one.ill))
        elif self.ill and not one.ill:
            self.ill = False
            yield Turn(at=one.at, kind="well", words="well again")

    def _last_seen(self, otherwise: datetime) -> datetime:
        return next((one.at for one in reversed(self.looks[:-1]) if one.why is None), otherwise)

    @property
    def verdict(self) -> Verdict:
        """How it ended: ill, or regressed once and well again is still a fail; half unseen is inconclusive."""
        if self.ill or any(one.kind == "ill" for one in self.turns):
            return "fail"
        made = [one for one in self.looks if one.why is None]
        if not made or self.looks[-1].why is not None or 2 * len(made) < len(self.looks):
            return "inconclusive"
        return "inconclusive" if made[-1].unknown or made[-1].ill else "pass"

    @property
    def words(self) -> str:
        """The end, in a line."""
        unseen = sum(one.why is not None for one in self.looks)
        said = f"{len(self.looks) - unseen} looks" + (f", {unseen} could not be made" if unseen else "")
        times = sum(one.kind == "ill" for one in self.turns)
        blips = sum(one.kind == "once" for one in self.turns) - times
        said += f"; ill {times} times" if times else "; never ill twice in a row"
        return said + (f", {blips} single bad looks" if blips > 0 else "")
