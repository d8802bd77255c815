"""A model of lease, runs and runner, against the real functions of lease.sh, entry.sh and step.sh, step for step.

Two operators claim, ship, start, resume, unlock and forget; runners crash, hosts reboot, disks are full, laptops wake
up late. The runner's own moves are the model's: what it may do is asked of the real fence.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import IO

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

HOST = files("hummii_ops.host")
LEASE = str(HOST.joinpath("lease.sh"))
STEP = str(HOST.joinpath("step.sh"))
ENTRY = str(HOST.joinpath("entry.sh"))
CALL = '. "$1"; . "$2"; about() { printf "who=%s\\n" tester; }; shift 2; main "$@"'
FULL = 'trap "" XFSZ; ulimit -f 0; '
RUNS = ("20260101T000001Z-rollback-aaaa", "20260101T000002Z-rollback-bbbb", "20260101T000003Z-undo-cccc")
ENDED = {"done", "restored", "prepared", "refused", "abandoned"}
UNFINISHED = {"forward", "back", "mixed"}


class Stack(RuleBasedStateMachine):
    """`state`: what each run's file says ("": not shipped); `holder`: whose lease; `alive`: whose runner lives."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lease-model-"))
        self.home = self.folder / ".hummii-ops"
        (self.home / "runs").mkdir(parents=True)
        self.state = dict.fromkeys(RUNS, "")
        self.holder: str | None = None
        self.aged = False
        self.alive: str | None = None
        self.busy: IO[bytes] | None = None

    def teardown(self) -> None:
        self.still()
        shutil.rmtree(self.folder)

    # the world

    def verb(self, *words: str, before: str = "") -> int:
        """A verb of the real entry."""
        argv = ["sh", "-c", before + CALL, "sh", ENTRY, LEASE, str(self.home), *words]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True).returncode

    def fence(self, run: str) -> int:
        """What the real step.sh says to a verb of this run; 90: the lease is not its own."""
        folder = self.home / "runs" / run
        argv = ["sh", "-eu", STEP, str(folder), "forward/any.sh", "holds"]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True).returncode

    def say(self, run: str, word: str) -> None:
        """The run's state file."""
        self.state[run] = word
        (self.home / "runs" / run / "state").write_text(f"{word}\n")

    def still(self) -> None:
        """No process of a runner any more."""
        self.alive = None
        if self.busy is not None:
            self.busy.close()
            self.busy = None

    @property
    def may_be_taken(self) -> bool:
        """The lease is free, or its run has ended, or was claimed two minutes ago and never began."""
        if self.holder is None or self.state[self.holder] in ENDED:
            return True
        return self.state[self.holder] in ("", "ready") and self.aged and self.alive is None

    # operators

    @rule(run=st.sampled_from(RUNS))
    def claim(self, run: str) -> None:
        """One owner; a second claim of the same run is the same claim."""
        expected = 0 if self.holder == run or self.may_be_taken else 73
        assert self.verb("claim", run) == expected
        if expected == 0 and self.holder != run:
            self.holder, self.aged = run, False

    @rule(run=st.sampled_from(RUNS))
    def claim_on_a_full_disk(self, run: str) -> None:
        """Half a lease is worse than none: nothing is changed."""
        expected = 0 if self.holder == run else 78 if self.may_be_taken else 73
        assert self.verb("claim", run, before=FULL) == expected

    @precondition(lambda self: any(not word for word in self.state.values()))
    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        """The folder of a run arrives, as `receive` leaves it; the laptop may have slept since its claim."""
        run = data.draw(st.sampled_from([run for run in RUNS if not self.state[run]]))
        folder = self.home / "runs" / run
        (folder / "lib" / "verbs").mkdir(parents=True)
        shutil.copy(LEASE, folder / "lib" / "lease.sh")
        (folder / "lib" / "verbs" / "none.sh").write_bytes(b":\n")
        (folder / "forward").mkdir()
        (folder / "forward" / "any.sh").write_text("holds() { :; }\nact() { :; }\n")
        self.say(run, "ready")

    @rule(run=st.sampled_from(RUNS))
    def give_back(self, run: str) -> None:
        """Another host said no: the lease of a run that has not begun goes; one that began keeps it."""
        assert self.verb("give_back", run) == 0
        idle = self.state[run] == "" or (self.state[run] == "ready" and self.alive is None)
        if self.holder == run and idle:
            self.holder = None

    @rule(named=st.booleans())
    def unlock(self, named: bool) -> None:
        """By force: never while something runs, and an unfinished run only by name."""
        unfinished = self.holder is not None and self.state[self.holder] in UNFINISHED
        wanted = self.holder if named and self.holder else "-"
        expected = 74 if self.alive else 76 if self.holder is None else 77 if unfinished and not named else 0
        assert self.verb("unlock", wanted) == expected
        if expected == 0 and self.holder is not None:
            if unfinished:
                self.state[self.holder] = "abandoned"
            self.holder = None

    # the runner

    @precondition(lambda self: self.alive is None)
    @rule(run=st.sampled_from(RUNS))
    def start_or_resume(self, run: str) -> None:
        """A runner begins only what is not ended, under its own lease; an unfinished run takes a lease that is free."""
        if self.state[run] in UNFINISHED:
            expected = 0 if self.holder == run or self.may_be_taken else 73
            assert self.verb("claim", run) == expected  # as claim_again does
            if expected == 0 and self.holder != run:
                self.holder, self.aged = run, False
        if self.state[run] not in ("ready", *UNFINISHED):
            return
        assert (self.fence(run) == 90) == (self.holder != run)
        if self.holder != run:
            return
        self.busy = (self.home / "busy.lock").open("ab")
        fcntl.flock(self.busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.alive = run
        self.say(
            run, "forward" if self.state[run] == "ready" else "back" if self.state[run] == "mixed" else self.state[run]
        )

    @precondition(lambda self: self.alive is not None)
    @rule()
    def goes_back(self) -> None:
        """A step failed: the direction is latched."""
        assert self.alive
        self.say(self.alive, "back")

    @precondition(lambda self: self.alive is not None)
    @rule(mixed=st.booleans())
    def ends(self, mixed: bool) -> None:
        """With its last word; the lease is kept by mixed alone."""
        assert self.alive
        run = self.alive
        forward = self.state[run] == "forward"
        self.say(run, "done" if forward else "mixed" if mixed else "restored")
        if self.state[run] != "mixed":
            ask = f'. "{LEASE}"; lease_give_back "$1" "$2"'
            assert subprocess.run(["sh", "-c", ask, "sh", str(self.home), run]).returncode == 0
            self.holder = None
        self.still()

    @precondition(lambda self: self.alive is not None)
    @rule()
    def crashes(self) -> None:
        """The runner is killed, or the host goes down: the lock goes, the words on the disk stay."""
        self.still()

    @precondition(lambda self: self.holder is not None)
    @rule()
    def two_minutes_pass(self) -> None:
        """For the lease that is held."""
        then = time.time() - 200
        os.utime(self.home / "lease", (then, then))
        self.aged = True

    @rule(run=st.sampled_from(RUNS))
    def wakes_up_late(self, run: str) -> None:
        """A laptop, or a runner, of long ago: without the lease no verb of its does anything."""
        if self.state[run]:
            assert (self.fence(run) == 90) == (self.holder != run)

    # what always holds

    @invariant()
    def the_lease_is_whole_and_is_whose_it_should_be(self) -> None:
        path = self.home / "lease"
        said = path.read_text() if path.exists() else ""
        assert said == (f"run={self.holder}\nwho=tester\n" if self.holder else "")

    @invariant()
    def what_is_unfinished_holds_the_lease_alone(self) -> None:
        unfinished = [run for run, word in self.state.items() if word in UNFINISHED]
        assert unfinished in ([], [self.holder])

    @invariant()
    def only_the_holder_is_at_work(self) -> None:
        assert self.alive in (None, self.holder)


TestStack = Stack.TestCase
TestStack.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
