"""Speaks to the host's entry: composes its text for one verb, sends it, reads the exit code.

Nothing of ours need be installed: the whole text travels, and is called by its last line, so a cut upload runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hummii_ops.errors import Busy, HummiiError, Refused
from hummii_ops.transport import Result, Transport

HELD, NO_RUN, NOT_SO, BUSY, DAMAGED, NO_MUTEX, NO_HOME, MOVED = 73, 76, 77, 74, 71, 70, 78, 75
RESTRICTED, UNSAFE = 87, 88


class NotInThatState(Refused):
    """The run has ended, or has not: the verb does not apply to it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The verbs of one host. `home` is <project_dir>/.hummii-ops on it."""

    transport: Transport
    home: str

    def call(self, verb: str, *args: str, about: str = "", payload: str = "", limit_s: float = 60) -> Result:
        """Run a verb and wait for it. Raises LinkLost, and for a verb's own no what `refusal` makes of it."""
        text = script(about=about, payload=payload)
        result = self.transport.call(text, self.home, verb, *args, limit_s=limit_s)
        if result.exit_code != 0:
            raise refusal(result.exit_code, result.stdout.decode(errors="replace"), self.transport.name, verb)
        return result


def script(*, about: str = "", payload: str = "") -> str:
    """The entry with its lease functions, and what is sent along; ends with the one call."""
    return "\n".join(
        (
            _text(),
            heredoc("about", about),
            heredoc("payload", payload),
            'main "$@"\n',
        )
    )


def refusal(code: int, said: str, host: str, verb: str) -> HummiiError:
    """The error for an exit code of the entry. `said` are the key=value lines of the lease that stands in the way."""
    if code == HELD:
        lease = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        who, task, run = lease.get("who", "someone"), lease.get("task", "a run"), lease.get("run", "?")
        return Busy(
            f"{host}: {who} holds the lease for {task} ({run}): {lease.get('reason') or 'no reason given'}",
            remedy="wait for it, or end it: fab rollback … --stop-deploy"
            if task == "deploy"
            else f"watch it: fab attach --run={run}",
            run_id=run,
        )
    if code == BUSY:
        return Busy(f"{host}: a run is at work right now", remedy="watch it: fab attach")
    if code == NO_RUN:
        return Refused(f"{host}: there is no such run", remedy="see the runs: fab runs")
    if code == NOT_SO:
        return NotInThatState(
            f"{host}: the run is not in a state that allows {verb}", remedy="see where it stands: fab status"
        )
    if code == UNSAFE:
        return Refused(
            f"{host}: .hummii-ops is a link, or everyone may write in it: what runs there could be anybody's",
            remedy=f"on {host}: look whose it is: ls -ldn .hummii-ops .hummii-ops/runs; then: chmod -R o-w .hummii-ops",
        )
    if code == RESTRICTED:
        return Refused(
            f"{host}: {said.strip()[-300:]}",
            remedy="what a restricted key may do: docs/guide.md, A key for CI",
        )
    if code == MOVED:
        return Refused(f"{host}: the stack changed while it was read; nothing was written", remedy="try again")
    if code == DAMAGED:
        return Refused(f"{host}: the upload arrived damaged; nothing changed", remedy="try again")
    if code == NO_MUTEX:
        return Busy(f"{host}: the mutex of the lease is held by a process that hangs", remedy="fab status")
    if code == NO_HOME:
        return Refused(
            f"{host}: cannot write in the project's folder: no right to, or its disk is full",
            remedy=f"on {host}: df -h; then see what is missing: fab status",
        )
    return Refused(f"{host}: {verb} ended with exit code {code}: {said.strip()[-300:]}", remedy="see: fab status")


@cache
def _text() -> str:
    host = files("hummii_ops.host")
    return "".join(host.joinpath(name).read_text(encoding="utf-8") for name in ("entry.sh", "lease.sh"))


def heredoc(name: str, text: str) -> str:
    """A sh function that prints the text. Raises ValueError for a text that holds the mark that ends it."""
    if "HUMMII_END" in text.splitlines():
        raise ValueError("a text may not hold the mark that ends it")
    body = text if text.endswith("\n") or not text else text + "\n"
    return f"{name}() {{ cat <<'HUMMII_END'\n{body}HUMMII_END\n}}"
