"""May what was measured count: is nobody changing the stack meanwhile, and is what runs not known to be bad? Pure.

Never lets green services outvote a person, or a rollback, that marked the release bad.
"""

from __future__ import annotations

from collections.abc import Mapping

from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import SKIPPED, Measurement
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Snapshot

_QUIET = "quiet"
_MARK = "release.mark"
_ALIKE = "release.alike"


def quiet(*reads: Snapshot) -> Measurement:
    """Nobody at work in any of these reads of one host, and no run that has not ended; else inconclusive."""
    last = reads[-1]
    source = f"cat {last.project_dir.path}/.hummii-ops/lease {last.project_dir.path}/.hummii-ops/runs/*/state"
    run = last.unfinished_run
    if any(one.busy for one in reads):
        reason = "a run is at work: what was seen may change at once; wait for its end: fab attach"
    elif any(one.at_work for one in reads):
        found = next(one.at_work[0] for one in reads if one.at_work)
        reason = (
            f"pid {found.pid} of {found.user} is at work on the stack: what was seen may change at once; fab status"
        )
    elif run is not None:
        named = f"--run={shown(run.run_id)}"
        reason = f"a run has not ended: fab resume {named} goes on, fab undo {named} takes it back"
    else:
        return Measurement(name=_QUIET, verdict="pass", reason="nobody is at work, no run is open", source=source)
    return Measurement(name=_QUIET, verdict="inconclusive", reason=reason, source=source)


def mark(snapshot: Snapshot) -> Measurement:
    """What is known of the release that runs: bad is a fail, whatever else was seen."""
    identity = running_identity(snapshot) if snapshot.engine.answers else None
    if identity is None:
        reason, source = "what runs is not one release that can be named", "fab status"
        return Measurement(name=_MARK, verdict=SKIPPED, reason=reason, source=source)
    source = f"cat {snapshot.project_dir.path}/.hummii-ops/marks/{identity}"
    found = snapshot.marks.get(identity)
    if found is None:
        return Measurement(name=_MARK, verdict=SKIPPED, reason="not proven before", source=source)
    by = f"marked {found.mark} by {shown(found.who) or 'someone'}: {shown(found.reason) or 'no reason given'}"
    if found.mark == "good":
        return Measurement(name=_MARK, verdict="pass", value="good", reason=by, source=source)
    reason = f"{by}. No pass lifts that; if it is good after all: fab mark --good --reason=…"
    return Measurement(name=_MARK, verdict="fail", value="bad", reason=reason, source=source)


def alike(runs: Mapping[str, str | None]) -> Measurement:
    """Do all hosts run the same release? `runs` is what is known of each, by its name; None cannot be told."""
    known = {name: what for name, what in runs.items() if what is not None}
    source = "fab status"
    if len(set(known.values())) > 1:
        each = ", ".join(f"{name} runs {shown(what)}" for name, what in known.items())
        reason = f"the hosts differ: {each}; bring one along: fab rollback --to=… --limit=…"
        return Measurement(name=_ALIKE, verdict="fail", value="different", reason=reason, source=source)
    if len(known) < len(runs):
        unknown = ", ".join(name for name in runs if name not in known)
        reason = f"what runs on {unknown} has no version that can be read"
        return Measurement(name=_ALIKE, verdict=SKIPPED, reason=reason, source=source)
    return Measurement(name=_ALIKE, verdict="pass", reason="all hosts run the same release", source=source)
