"""A host made of nothing but sh and a folder: plans of harmless file steps, shipped and run as on a server."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from host_tools import wait_for
from rig_steps import VERBS, step

from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run import journal, ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect, Step
from hummii_ops.transport import LocalTransport, Result

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What a followed verb said: its exit code, the journal lines, the last state, and when each line came."""

    code: int
    lines: tuple[str, ...]
    state: str | None
    arrived: tuple[tuple[float, str], ...]

    @property
    def journal(self) -> list[str]:
        return [line[2:] for line in self.lines if line.startswith("J ")]


@dataclass(kw_only=True)
class Rig:
    """A project's folder on this machine, and what a laptop does with it."""

    folder: Path
    shell: str
    tools: Path
    transport: LocalTransport = field(default_factory=LocalTransport)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def home(self) -> Path:
        return self.project / ".hummii-ops"

    # plans

    def puts(self, name: str, text: str, *, effect: Effect = Effect.CHANGES, back: bool = False) -> Step:
        """The project's file NAME has these words; the words travel as the note `sources/NAME…`."""
        return Step(
            id=f"{'return' if back else 'put'}-{name}",
            title=name,
            effect=effect,
            limit_s=10,
            holds=("file_is", str(self.project / name), sha256(text.encode()).hexdigest()),
            act=("put_file", f"sources/{sha256(text.encode()).hexdigest()}", str(self.project / name), "640"),
        )

    def plan(
        self, forward: Sequence[Step], back: Sequence[Step] = (), *, texts: Sequence[str] = ("old", "new")
    ) -> Plan:
        nothing = StackState(label="-", identity=None, files={}, modes={}, services=())
        sources = {f"sources/{sha256(text.encode()).hexdigest()}": text for text in texts}
        return Plan(
            task="rollback",
            environment="test",
            host="here",
            project="none",
            project_dir=str(self.project),
            left=nothing,
            target=nothing,
            forward=tuple(forward),
            back=tuple(back),
            expect="",
            expect_files=(),
            notes={"lib/verbs/test.sh": VERBS} | sources,
        )

    def swap(self, *more: Step, names: Sequence[str] = ("a", "b")) -> Plan:
        """Old files become new ones; then `more`; the way back makes them old again, and proves it."""
        for name in names:
            (self.project / name).write_text("old")
        return self.plan(
            [*(self.puts(name, "new") for name in names), *more],
            [*(self.puts(name, "old", back=True) for name in names), *self.proofs(names)],
        )

    def proofs(self, names: Sequence[str], text: str = "old") -> list[Step]:
        return [
            replace(self.puts(name, text), id=f"proven-{name}", effect=Effect.READS, act=("cannot", name))
            for name in names
        ]

    def words(self, *names: str) -> list[str]:
        return [(self.project / name).read_text() for name in names or ("a", "b")]

    # runs

    def new_run(self, plan: Plan, *, ready: Step | None = None, reason: str = "a test") -> Shipped:
        """A run of the plan, not yet sent. `ready`: what must hold at the start, instead of the facts of a stack."""
        about = ship.About(
            run_id=f"20260101T{next(_NUMBERS):06d}Z-rollback-{os.getpid() % 0x10000:04x}",
            task="rollback",
            who="tester@laptop",
            reason=reason,
            since_ms=int(time.time() * 1000),
            hosts=("here",),
        )
        texts = ship.folder(plan, about)
        as_planned = ready or step("as-planned", ("always",))
        texts["ready/as-planned.sh"] = ship.render(as_planned)
        del texts["manifest"]
        sums = (f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))
        return Shipped(rig=self, about=about, texts=texts | {"manifest": "".join(sums)})

    def call(self, verb: str, *args: str, about: str = "", payload: str = "", limit_s: float = 60) -> Result:
        text = script(about=about, payload=payload)
        return self.transport.call(text, str(self.home), verb, *args, limit_s=limit_s)

    def processes(self, *words: str) -> list[int]:
        """Processes whose command line names our folder, and all these words."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                if str(self.folder) in line and all(word in line for word in words):
                    found.append(int(entry.name))
        return found

    def busy(self) -> bool:
        """Whether a process of a run is alive: it has the lock, or inherited it."""
        with suppress(FileNotFoundError), (self.home / "busy.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def lease(self) -> str | None:
        """The run that holds the lease."""
        path = self.home / "lease"
        if not path.exists():
            return None
        return next(line[4:] for line in path.read_text().splitlines() if line.startswith("run="))

    def clear(self) -> None:
        """End what a test left running."""
        for _ in range(3):
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@dataclass(kw_only=True)
class Shipped:
    """One run, as the laptop sees it."""

    rig: Rig
    about: ship.About
    texts: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.about.run_id

    @property
    def folder(self) -> Path:
        return self.rig.home / "runs" / self.id

    def follow(self, verb: str, offset: int = 0, *, on_line: Callable[[str], None] = lambda line: None) -> Followed:
        """`begin`, `again`, `back` or `follow`, to its end."""
        arrived: list[tuple[float, str]] = []

        def hear(line: str) -> None:
            arrived.append((time.time(), line))
            on_line(line)

        first = verb == "begin"
        text = script(about=self.about.lease_lines() if first else "", payload=ship.pack(self.texts) if first else "")
        args = (str(self.rig.home), verb, self.id, str(offset))
        code = self.rig.transport.stream(text, *args, on_line=hear)
        lines = tuple(line for _, line in arrived)
        state = next((line[2:] for line in lines if line.startswith("E ")), None)
        return Followed(code=code, lines=lines, state=state, arrived=tuple(arrived))

    def begin(self) -> Followed:
        return self.follow("begin")

    def claim(self) -> Result:
        return self.rig.call("claim", self.id, about=self.about.lease_lines())

    def receive(self, payload: str | None = None) -> Result:
        return self.rig.call("receive", self.id, payload=payload or ship.pack(self.texts))

    def sent(self) -> Shipped:
        """Claimed and received, not started."""
        assert self.claim().exit_code == 0
        assert self.receive().exit_code == 0
        return self

    def start(self) -> Result:
        return self.rig.call("start", self.id)

    def state(self) -> str:
        path = self.folder / "state"
        return path.read_text().strip() if path.exists() else ""

    def events(self) -> tuple[Event, ...]:
        text = (self.folder / "journal.jsonl").read_text()
        return journal.parse(text, run_id=self.id, host="here")

    def said(self) -> list[str]:
        """The journal in short: `begin`, `start put-a`, `done put-a` …"""
        return [f"{event.kind} {event.step}".strip() for event in self.events()]

    def runner(self) -> int:
        """The runner's process id; waits until there is one."""
        wait_for(lambda: self.rig.processes("runner.sh"))
        return self.rig.processes("runner.sh")[0]

    def until(self, *said: str) -> None:
        """Wait until the journal has said all this."""
        wait_for(lambda: self.folder.is_dir() and set(said) <= set(self.said()))

    def until_quiet(self) -> None:
        wait_for(lambda: not self.rig.busy() and not self.rig.processes("runner.sh"))
