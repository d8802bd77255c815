"""The faults: what each does to a run that stands at a point, and how it may end then.

A strike leaves the world healed (the host is up, the link is there, the disk has room) and the run over or quiet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness import HOME, PROJECT, RUNS, Reached, Stage, until
from lab_operator import Said, Working

DONE, REFUSED, RESTORED, MIXED, DEGRADED = 0, 3, 5, 6, 7
# Silence is noticed after 15 s.
SILENT_S = 22.0
FILL = """
dd if=/dev/zero of=$1/filler bs=1M 2>/dev/null || true
dd if=/dev/zero bs=1k 2>/dev/null >>$1/filler || true
printf x >$1/.probe 2>/dev/null && [ -s $1/.probe ] && exit 1
rm -f $1/.probe
"""


@dataclass(kw_only=True)
class Struck:
    """What became of the rollback's own fab, and of a second call where the fault is one; None: it was killed."""

    rollback: Said | None
    second: Said | None = None


Strike = Callable[[Stage, Reached, Working], Struck]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A kind of fault. `points`: where in a step it is tried, of `effects` if any; `once`: at the first that it has.

    `ends`: exit codes that the rollback's fab may have. `small`: on a disk that can be filled.
    """

    name: str
    strike: Strike
    points: tuple[str, ...]
    ends: frozenset[int] = field(default=frozenset({DONE}))
    small: bool = False
    once: bool = False
    effects: tuple[str, ...] = ()


def kill_runner(stage: Stage, at: Reached, run: Working) -> Struck:
    """kill -9 of the runner alone; an act that has begun lives on to its end."""
    between = f"kill -9 {at.hand};" if at.late or not _acts(stage, at) else ""
    stage.production.sh(f"kill -9 {at.runner}; {between}")
    stage.go()
    return Struck(rollback=run.end())


def leave_orphan(stage: Stage, at: Reached, run: Working) -> Struck:
    """kill -9 of the runner; a colleague resumes while the act that it left behind still works."""
    stage.production.sh(f"kill -9 {at.runner}")
    resumed = stage.laptop("colleague").start("resume", "--yes", "--reason=its runner was killed")
    follows = f"pgrep -f 'again {at.run_id}'"
    until(lambda: stage.production.holds(follows) or resumed.process.poll() is not None, what="resume", limit_s=60)
    stage.go()
    return Struck(rollback=run.end(), second=resumed.end())


def terminate_all(stage: Stage, at: Reached, run: Working) -> Struck:
    """TERM to every process of the run's session, as when a host is shut down."""
    stage.production.sh(f"pkill -TERM -s {at.runner}")
    stage.go()
    return Struck(rollback=run.end())


def restart_docker(stage: Stage, _at: Reached, run: Working) -> Struck:
    """The graceful restart of an upgrade; the run goes on as soon as docker is away."""
    stage.production.sh(
        "lab-dockerd restart >/dev/null 2>&1 & while timeout 2 docker version >/dev/null 2>&1; do :; done;"
        " : >/run/faults/go; wait $!"
    )
    return Struck(rollback=run.end())


def kill_docker(stage: Stage, _at: Reached, run: Working) -> Struck:
    """dockerd crashes, and its supervisor starts it again."""
    stage.production.sh(
        "kill -9 $(cat /run/docker.pid); : >/run/faults/go;"
        " until timeout 5 docker version >/dev/null 2>&1; do sleep 0.1; done"
    )
    return Struck(rollback=run.end())


def kill_host(stage: Stage, _at: Reached, run: Working) -> Struck:
    """A power cut and a boot."""
    stage.boot()
    return Struck(rollback=run.end())


def fill_disk(stage: Stage, _at: Reached, run: Working) -> Struck:
    """Not a byte is left for the project; somebody makes room when the run has come to rest."""
    stage.production.sh(FILL, PROJECT)
    stage.go()
    said = run.end()
    stage.production.sh(f"rm -f {PROJECT}/filler")
    return Struck(rollback=said)


def kill_laptop(stage: Stage, _at: Reached, run: Working) -> Struck:
    """kill -9 of fab; the run ends by itself, and somebody else watches."""
    run.kill()
    stage.go()
    return Struck(rollback=None, second=stage.laptop("colleague").fab("attach"))


def cut_link(stage: Stage, _at: Reached, run: Working) -> Struck:
    """Every SSH connection is reset."""
    stage.production.sh("for pid in $(pgrep -f '^sshd: [a-z]*@notty'); do kill -9 $pid; done")
    stage.go()
    return Struck(rollback=run.end())


def silence_link(stage: Stage, _at: Reached, run: Working) -> Struck:
    """No packet arrives for longer than the watchdog waits."""
    with stage.production.silenced():
        stage.go()
        heals = time.monotonic() + SILENT_S
        until(lambda: time.monotonic() > heals, what="the silence is over", limit_s=SILENT_S + 5)
    return Struck(rollback=run.end())


def cancel(stage: Stage, at: Reached, run: Working) -> Struck:
    """A colleague cancels; the run goes on when the word has arrived."""
    asked = stage.laptop("colleague").start("cancel", "--yes", "--reason=the wrong release")
    arrived = f"[ -e {RUNS}/{at.run_id}/cancel ]"
    until(lambda: stage.production.holds(arrived) or asked.process.poll() is not None, what="cancel", limit_s=60)
    stage.go()
    return Struck(rollback=run.end(), second=asked.end())


def resume_twice(stage: Stage, at: Reached, run: Working) -> Struck:
    """The runner is killed, and two colleagues resume at once."""
    killed = kill_runner(stage, at, run)
    stage.await_quiet()
    one, two = (stage.laptop(name).start("resume", "--yes", "--reason=two at once") for name in ("one", "two"))
    first, second = one.end(), two.end()
    assert {first.exit_code, second.exit_code} == {DONE}, first.everything + second.everything
    begun = stage.production.sh(f"grep -c resumed {HOME}/runs/{at.run_id}/journal.jsonl")
    assert begun == "1"
    return Struck(rollback=killed.rollback, second=first)


def _acts(stage: Stage, at: Reached) -> bool:
    """Is the step's act alive below the hand? Not before it, and not after."""
    return stage.production.holds(f"pgrep -P {at.hand} -x timeout")


INTERRUPTED = frozenset({MIXED})
FAULTS = (
    Fault(name="runner-killed", strike=kill_runner, points=("before", "during", "after"), ends=INTERRUPTED),
    Fault(
        name="orphan-left", strike=leave_orphan, points=("during",), effects=("changes",), ends=frozenset({DONE, MIXED})
    ),
    Fault(name="runner-terminated", strike=terminate_all, points=("during",), ends=INTERRUPTED),
    Fault(name="host-killed", strike=kill_host, points=("during", "after"), ends=INTERRUPTED),
    Fault(name="docker-restarted", strike=restart_docker, points=("during", "before"), once=True),
    Fault(
        name="docker-killed",
        strike=kill_docker,
        points=("before",),
        ends=frozenset({DONE, REFUSED, RESTORED, DEGRADED}),
    ),
    Fault(name="laptop-killed", strike=kill_laptop, points=("before",)),
    Fault(name="link-cut", strike=cut_link, points=("before",)),
    Fault(name="link-silent", strike=silence_link, points=("during",)),
    Fault(name="cancelled", strike=cancel, points=("before",), ends=frozenset({DONE, REFUSED, RESTORED})),
    Fault(name="two-resumes", strike=resume_twice, points=("during",), effects=("changes",), ends=INTERRUPTED),
    Fault(
        name="disk-full", strike=fill_disk, points=("before",), ends=frozenset({REFUSED, RESTORED, MIXED}), small=True
    ),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
