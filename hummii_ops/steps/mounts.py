"""Steps on files that are mounted alone into a container: a rename leaves it with the old one until it starts anew."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.steps.services import LIMIT_S, Project
from hummii_ops.steps.step import Effect, Step, step_id


def seen(project: Project, service: str, names: Sequence[str]) -> Step:
    """Every container of the service that runs was started after these files came to be as they are."""
    return Step(
        id=step_id("restart", service),
        title=f"{service} sees {', '.join(names)}: started after that changed",
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("sees_files", project.name, service, *(project.path(name) for name in names)),
        act=("restart_service", project.name, service),
    )
