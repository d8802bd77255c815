"""Ends a guarded deploy on a host, so that a rollback can begin: never two at once.

The host ends the script's process group and waits until nothing of it is at work; who asked and why is kept there.
"""

from __future__ import annotations

from importlib.resources import files

from hummii_ops.errors import Busy, Refused, Unreachable
from hummii_ops.run.entry import BUSY, NO_RUN, heredoc, refusal
from hummii_ops.run.ship import lines
from hummii_ops.transport import LinkLost, Transport, printable

WAIT_S = 120  # the script has 15 seconds; then a docker that hangs costs its guard a minute more
_PARTS = ("entry.sh", "lease.sh", "guard/stop.sh")


def stop_deploy(transport: Transport, home: str, run: str, *, who: str, reason: str) -> None:
    """End that deploy, or find it ended. Raises Busy when something of it goes on working."""
    room = files("hummii_ops.host")
    text = "\n".join(
        (
            *(room.joinpath(name).read_text(encoding="utf-8") for name in _PARTS),
            heredoc("about", lines({"who": who, "reason": reason})),
            'stop_deploy "$@"\n',
        )
    )
    host = transport.name
    try:
        result = transport.call(text, home, run, str(WAIT_S), limit_s=WAIT_S + 30)
    except LinkLost as lost:
        raise Unreachable(
            f"{host}: {lost.how} while the deploy {run} was stopped; whether it runs is unknown",
            remedy="see: fab status; then the same again",
        ) from lost
    said = printable(result.stdout).splitlines()
    if result.exit_code == BUSY:
        raise Busy(
            f"{host}: the deploy {run} was told to end, and something of it is at work still: {'; '.join(said[1:4])}",
            remedy=f"end these processes on {host}, or wait for them: --wait=SECONDS",
            run_id=run,
        )
    if result.exit_code == NO_RUN:
        raise Refused(f"{host}: there is no deploy {run} to stop", remedy="see: fab status")
    if result.exit_code != 0:
        raise refusal(result.exit_code, "\n".join(said), host, "stop-deploy")
