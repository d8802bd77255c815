"""What is said of a state whose release is marked bad: that it is, who said so, when and why."""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.facts.snapshot import Mark, Snapshot
from hummii_ops.plans.plan import StackState


def mark_of(snapshot: Snapshot, identity: str | None) -> Mark | None:
    """The mark of the release that is this; None if nobody has said anything, or if it is no release."""
    return snapshot.marks.get(identity) if identity else None


def warning(snapshot: Snapshot, target: StackState, *, undone: str | None = None) -> Iterator[str]:
    """A sentence if the target is marked bad; `undone` is the run that is undone: its own mark goes with it."""
    mark = mark_of(snapshot, target.identity)
    if mark is None or mark.mark != "bad":
        return
    when = f"{mark.since:%Y-%m-%d %H:%M} UTC" if mark.since else ""
    known = ", ".join(word for word in (mark.who, when) if word)
    ends = "; undo takes this mark back" if undone and mark.run == undone else ""
    reason = f": {mark.reason}" if mark.reason else ""
    yield f"release {target.label} is marked bad{f' ({known})' if known else ''}{reason}{ends}"
