"""What a rollback changes between two states of the stack, as far as can be told beforehand.

Judged against what runs, never against the file on disk alone. Decides, and touches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import before
from hummii_ops.plans.plan import StackState


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Names of services: replaced or started; not in the release; ill and not replaced; stopped and left so."""

    changed: tuple[str, ...]
    extra: tuple[str, ...]
    ill: tuple[str, ...]
    resting: tuple[str, ...]

    @property
    def not_judged(self) -> tuple[str, ...]:
        """Services whose health is not the rollback's to prove."""
        return (*self.ill, *self.resting)


def between(left: StackState, target: StackState, snapshot: Snapshot) -> Difference:
    """What must change so that `target` runs where `left` runs now."""
    resting = _resting(left, target, snapshot)
    changed = tuple(name for name in _changed(left, target) if name not in resting)
    ill = tuple(
        one.service
        for one in left.services
        if one.steadiness == "ill" and one.service in target.images() and one.service not in changed
    )
    extra = tuple(one.service for one in left.services if one.service not in target.images())
    return Difference(changed=changed, extra=extra, ill=ill, resting=resting)


def _changed(left: StackState, target: StackState) -> tuple[str, ...]:
    """Services whose image or configuration differs from what runs, as far as can be told beforehand."""
    now = {one.service: one for one in left.services}
    return tuple(
        one.service
        for one in target.services
        if one.service not in now
        or now[one.service].image_id != one.image_id
        or now[one.service].steadiness == "stopped"
        or (now[one.service].hashes and one.hashes and not {*now[one.service].hashes} & {*one.hashes})
    )


def _resting(left: StackState, target: StackState, snapshot: Snapshot) -> tuple[str, ...]:
    """Services that someone stopped, and that the release has exactly as they are: they stay stopped.

    Only what the file on disk made counts: what a rollback stopped, since its release lacked it, starts again.
    And only one among others that run: where nothing runs, the engine or the host went down, and all of it starts.
    """
    if not any(one.is_up for one in snapshot.containers if not one.one_off):
        return ()
    now = {one.service: one for one in left.services}
    return tuple(
        one.service
        for one in target.services
        if (was := now.get(one.service))
        and was.image_id == one.image_id
        and {*was.hashes} & {*one.hashes}
        and before.stopped_by_hand(snapshot, one.service)
    )
