"""What a rollback can and cannot do on a host today, as `fab init` ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from hummii_ops.errors import HummiiError
from hummii_ops.facts.reading.read import read
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import choose_latest
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans.before import version_of
from hummii_ops.run import preflight
from hummii_ops.transport import Transport, printable


@dataclass(frozen=True, kw_only=True)
class Today:
    """`obstacle` is what must be mended before anything; `latest` is what --latest means, `why_not` why nothing."""

    snapshot: Snapshot
    running: str | None
    points: tuple[Release, ...]
    latest: Release | None
    why_not: str | None
    obstacle: HummiiError | None

    def as_json(self) -> dict[str, Any]:
        engine = self.snapshot.engine
        return {
            "running": self.running,
            "latest": self.latest.id if self.latest else None,
            "latest_reason": self.why_not,
            "restorable": [one.id for one in self.points if one.restorable and not one.running],
            "not_restorable": {one.id: list(one.reasons) for one in self.points if one.reasons and not one.running},
            "tools_missing": list(self.snapshot.tools_missing),
            "docker": engine.server_version,
            "compose": engine.compose_version,
            "disk_free_bytes": min((one.free_bytes for one in self.snapshot.disks), default=None),
            "obstacle": self.obstacle.what if self.obstacle else None,
        }

    def show(self, console: Console) -> None:
        said = self.as_json()
        lines = [f"  runs {self.running or 'no version that can be read'}"]
        lines.append(f"  docker {said['docker']}, compose {said['compose'] or 'is missing'}")
        if said["disk_free_bytes"] is not None:
            lines.append(f"  {said['disk_free_bytes'] // 1024**2} MiB free")
        lines.append(f"  can be rolled back to today: {', '.join(said['restorable']) or 'nothing yet'}")
        if self.latest:
            lines.append(f"  --latest would be {self.latest.version or 'a release'} ({self.latest.id})")
        else:
            lines.append(f"  --latest would find nothing: {self.why_not}")
        lines += [f"  cannot: {point}: {'; '.join(why)}" for point, why in said["not_restorable"].items()]
        for line in lines:
            console.print(printable(line), markup=False)
        if self.obstacle:
            console.print(printable(f"  ! {self.obstacle.what}"), style="yellow", markup=False)
            console.print(printable(f"    {self.obstacle.remedy}"), markup=False)


def read_today(transport: Transport, environment: Environment) -> Today:
    """Read the host once more, now as an environment. Raises Unreachable when docker does not answer."""
    snapshot = read(transport, environment, needs_docker=True)
    points = releases(snapshot, environment)
    latest, why_not, obstacle = None, None, None
    try:
        latest = choose_latest(points, snapshot).release
    except HummiiError as error:
        why_not = error.what.splitlines()[0]
    try:
        preflight.check(snapshot)
    except HummiiError as error:
        obstacle = error
    return Today(
        snapshot=snapshot,
        running=version_of(snapshot, environment.version_service),
        points=points,
        latest=latest,
        why_not=why_not,
        obstacle=obstacle,
    )
