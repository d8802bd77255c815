"""What strikes a small host: each leaves the world healed and the run over or quiet.

Every strike is done while the run stands at its point, and lets it go on.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab_operator import Said, Working
from small_plans import DIR
from small_stage import HOME, SmallStage
from small_world import Reached

if TYPE_CHECKING:
    from small_cases import Point, SmallCase

DONE, REFUSED, BUSY, RESTORED, MIXED, DEGRADED, LEFT = 0, 3, 4, 5, 6, 7, 8
ENDED = frozenset({DONE, REFUSED, RESTORED, DEGRADED})
# How long a laptop looks for a host; see the laptop's fabfile.
PATIENCE_S = 4.0
FILL = f"""
cd {DIR}
dd if=/dev/zero of=filler bs=64k 2>/dev/null
dd if=/dev/zero bs=1 count=8192 2>/dev/null >>filler
! printf x >.probe 2>/dev/null || [ ! -s .probe ] || exit 1
rm -f .probe
"""


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What the laptop's own fab said in the end, None where it was killed; `interrupts`: the runner ended there.

    `colleague`: somebody else has brought the stack to where it is now.
    """

    said: Said | None
    interrupts: bool = False
    colleague: str = ""


Strike = Callable[["SmallCase", SmallStage, Reached, Working], Struck]


@dataclass(frozen=True, kw_only=True)
class SmallFault:
    """`ends`: exit codes that the laptop's fab may have, beside those that say how the run ended."""

    name: str
    strike: Strike
    ends: frozenset[int] = frozenset()
    suits: Callable[[Point], bool] = lambda _at: True


def cut_briefly(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """Every SSH connection is reset; the next one is answered."""
    _cut(stage)
    stage.go()
    return Struck(said=run.end())


def cut_for_long(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """No connection for longer than a laptop waits."""
    stage.shell.run("touch /run/sshd.off; pkill -9 -o -x sshd")
    _cut(stage)
    stage.go()
    try:
        said = run.end()
    finally:
        stage.shell.run("rm -f /run/sshd.off")
        stage.host.await_sshd()
    return Struck(said=said)


def kill_fab(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """As when the laptop's battery is taken out."""
    run.kill()
    stage.go()
    return Struck(said=None)


def kill_runner(_case: SmallCase, stage: SmallStage, at: Reached, run: Working) -> Struck:
    """kill -9 of the runner; an act that has begun lives on to its end."""
    _kill_runner(_case, stage, at)
    return Struck(said=run.end(), interrupts=True)


def press_ctrl_c(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """Once: the operator leaves, the run goes on."""
    run.process.send_signal(signal.SIGINT)
    said = run.end()
    stage.go()
    return Struck(said=said)


def press_ctrl_c_twice(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """A second one only leaves at once."""
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    if run.process.poll() is None:
        run.process.send_signal(signal.SIGINT)
    said = run.end()
    stage.go()
    return Struck(said=said)


def stop_docker(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """The engine is stopped, with all that it keeps, and started again a moment later."""
    stage.shell.run("engine stop; : >/run/faults/go; sleep 1; engine start")
    return Struck(said=run.end())


def stop_postgres(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """An immediate shutdown: no checkpoint, every session cut; its engine starts it again."""
    stage.shell.run("kill -QUIT $(head -n 1 /var/lib/postgresql/data/postmaster.pid); : >/run/faults/go")
    return Struck(said=run.end())


def reboot(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """Every process of the host is killed, /run is empty, and it boots."""
    stage.cut_power()
    stage.boot()
    return Struck(said=run.end(), interrupts=True)


def fill_disk(_case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """Not a byte is left for the project; somebody makes room when the run has come to rest."""
    stage.shell.run(FILL)
    stage.go()
    said = run.end()
    stage.await_quiet()
    stage.shell.run(f"rm -f {DIR}/filler")
    return Struck(said=said)


def move_clock(case: SmallCase, stage: SmallStage, _at: Reached, run: Working) -> Struck:
    """Two days on or one day back, in turn; until the run has ended."""
    stage.shell.run(f"echo {(172_800, -86_400)[case.number % 2]} >/run/faults/clock; : >/run/faults/go")
    said = run.end()
    stage.await_quiet()
    stage.shell.run("rm -f /run/faults/clock")
    return Struck(said=said)


def second_operator(case: SmallCase, stage: SmallStage, at: Reached, run: Working) -> Struck:
    """Somebody else begins the same, and then wants the lease: both are told who is at work, and change nothing."""
    what = f"--what={'undo' if case.at.task == 'undo' else 'rollback'}"
    stage.laptop("colleague").fab("begin", what, "--yes", "--reason=me too").ended(BUSY)
    code, held = stage.shell.ends(f"sed -n 's/^run=//p' {HOME}/lease")
    assert (code, held) == (0, at.run.id)
    stage.laptop("colleague").fab("unlock", f"--abandon={at.run.id}", "--yes", "--reason=mine").ended(BUSY)
    stage.go()
    return Struck(said=run.end())


def break_lease(case: SmallCase, stage: SmallStage, at: Reached, run: Working) -> Struck:
    """The laptop sleeps, its run is cut; a colleague gives it up and does what is wanted; the laptop wakes."""
    run.process.send_signal(signal.SIGSTOP)
    _kill_runner(case, stage, at)
    stage.await_quiet()
    colleague = stage.laptop("colleague")
    colleague.fab("unlock", f"--abandon={at.run.id}", "--yes", "--reason=its laptop is away").ended(DONE)
    there = "undo" if case.at.task == "undo" else "rollback"
    if case.at.task == "rollback-db":
        there = "rollback-db"
    what = there if case.by == "resume" else {"undo": "rollback"}.get(there, "undo")
    if case.by == "resume" or case.at.has_changed:
        colleague.fab("begin", f"--what={what}", "--yes", "--reason=in its stead").ended(DONE)
    before = stage.see()
    run.process.send_signal(signal.SIGCONT)
    said = run.end()
    late = stage.laptop("laptop").fab("resume", f"--run={at.run.id}", "--yes", "--reason=awake")
    assert late.exit_code == REFUSED, late.everything
    after = stage.see()
    assert not before.difference(after), f"who woke late changed something: {before.difference(after)}"
    assert (before.runs, before.acts) == (after.runs, after.acts), "who woke late acted"
    return Struck(said=said, colleague="new" if case.by == "resume" else "old")


def _cut(stage: SmallStage) -> None:
    stage.shell.run("pkill -9 -f '^sshd: deploy' || :")


def _kill_runner(case: SmallCase, stage: SmallStage, at: Reached) -> None:
    # between two acts nothing of the run lives on
    hand = f"kill -9 {at.hand}" if case.at.point != "middle" else ":"
    stage.shell.run(f"kill -9 {at.runner}; {hand}; : >/run/faults/go")


def _database_stands(at: Point) -> bool:
    """Who gives up a run in the middle of an exchange has the database's fence to lift by hand: not a case here."""
    return at.task != "rollback-db" or not at.has_changed


FAULTS = (
    SmallFault(name="link-cut", strike=cut_briefly),
    SmallFault(name="link-cut-long", strike=cut_for_long, ends=frozenset({LEFT})),
    SmallFault(name="fab-killed", strike=kill_fab),
    SmallFault(name="runner-killed", strike=kill_runner, ends=frozenset({MIXED})),
    SmallFault(name="ctrl-c", strike=press_ctrl_c, ends=frozenset({LEFT})),
    SmallFault(name="ctrl-c-twice", strike=press_ctrl_c_twice, ends=frozenset({LEFT})),
    SmallFault(name="docker-stopped", strike=stop_docker),
    SmallFault(name="postgres-stopped", strike=stop_postgres),
    SmallFault(name="host-rebooted", strike=reboot, ends=frozenset({MIXED, LEFT})),
    SmallFault(name="disk-full", strike=fill_disk, ends=frozenset({MIXED})),
    SmallFault(name="clock-jumped", strike=move_clock),
    SmallFault(name="second-operator", strike=second_operator),
    SmallFault(name="lease-broken", strike=break_lease, ends=frozenset({MIXED, LEFT}), suits=_database_stands),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
