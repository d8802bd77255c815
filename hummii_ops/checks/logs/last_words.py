"""The last words of containers that are not well: the end of their logs, and what their health check said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from hummii_ops.checks.mask import shown
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.facts.snapshot import ContainerFact
from hummii_ops.transport import LinkLost, Transport

_LINES = 40
_LIMIT_S = 60


@dataclass(frozen=True, kw_only=True)
class LastWords:
    """Of one container. `lines` are masked; `health` is "" without a health check."""

    service: str
    lines: tuple[str, ...]
    health: str


def read(transport: Transport, containers: Sequence[ContainerFact]) -> tuple[LastWords, ...]:
    """Ask one host, in one call; () if the link went, or the answer was cut."""
    if not containers:
        return ()
    script = files("hummii_ops.checks.logs").joinpath("last_words.sh").read_text(encoding="utf-8")
    try:
        answer = transport.call(script, str(_LINES), *(one.id for one in containers), limit_s=_LIMIT_S)
        said = frames(answer.stdout, host=transport.name)
    except (LinkLost, Unreachable):
        return ()
    return tuple(
        LastWords(
            service=one.service,
            lines=tuple(shown(line) for line in log.text.splitlines() if line.strip()),
            health=shown(health.text.strip()),
        )
        for one, log, health in zip(containers, said.all("log"), said.all("health"), strict=False)
    )
