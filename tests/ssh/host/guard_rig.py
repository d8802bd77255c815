"""What the tests of the guard share."""

from __future__ import annotations

from collections.abc import Sequence

from guarded import Call, Server
from host_tools import wait_for

WAITS = 'echo begun; until [ -e "$world/go" ]; do sleep 0.05; done'


def begun(server: Server, *lines: str, flags: Sequence[str] = ()) -> Call:
    """A deploy that waits for `go`, once its script is at work."""
    deploy = server.start(*server.guarded(server.script(*lines, WAITS), *flags))
    wait_for(lambda: "begun" in logs(server), limit_s=60)
    return deploy


def logs(server: Server) -> str:
    return "".join(path.read_text() for path in server.home.glob("deploys/*/output.log"))
