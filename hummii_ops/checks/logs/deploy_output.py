"""What the last deploy said, as the guard or the deploy script left it on the host.

Never takes the output of an older deploy for that of what runs: whoever judges sees its time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from hummii_ops.checks.mask import shown
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

_LINES = 60
_LIMIT_S = 20
_HEAD = re.compile(r"at (\d+)\nfile (.*)\ncode (\d+|-)\n")


@dataclass(frozen=True, kw_only=True)
class DeployOutput:
    """`at`: when it was written last, aware UTC. `exit_code` None: not known. `lines` are masked."""

    file: str
    at: datetime
    exit_code: int | None
    lines: tuple[str, ...]


def read(transport: Transport, environment: Environment, home: str) -> DeployOutput | None:
    """None: no deploy left any, or it could not be read."""
    script = files("hummii_ops.checks.logs").joinpath("deploy_output.sh").read_text(encoding="utf-8")
    words = (home, environment.project_dir, environment.deploy_log or "", str(_LINES))
    try:
        said = frames(transport.call(script, *words, limit_s=_LIMIT_S).stdout, host=transport.name).all("deploy")
    except (LinkLost, Unreachable):
        return None
    return parse(said[0].text) if said else None


def parse(text: str) -> DeployOutput | None:
    """What deploy_output.sh printed."""
    head = _HEAD.match(text)
    if head is None:
        return None
    return DeployOutput(
        file=shown(head[2]),
        at=datetime.fromtimestamp(int(head[1]), UTC),
        exit_code=None if head[3] == "-" else int(head[3]),
        lines=tuple(shown(line) for line in text[head.end() :].splitlines() if line.strip()),
    )
