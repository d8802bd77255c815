"""Which services mount a file alone that changes: they keep the old one until they start anew (decision 11)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.plan import StackState
from hummii_ops.steps.services import Project


def changing(left: StackState, target: StackState, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the files that both states have, with other bytes."""
    return tuple(sorted(name for name in names if left.files.get(name) not in (None, target.files.get(name))))


def services(snapshot: Snapshot, project: Project, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Service → those of the files that a container of it mounts by their own path, today."""
    found: dict[str, tuple[str, ...]] = {}
    for service in sorted({one.service for one in snapshot.containers if not one.one_off}):
        sources = {source for one in snapshot.service(service) for source in one.mounts}
        mounted = tuple(sorted(name for name in names if project.path(name) in sources))
        if mounted:
            found[service] = mounted
    return found
