"""An operator at a laptop: a folder with an inventory, and fab as a process. Sees what a person sees, and no more.

Never imports what it drives. Whatever fab says is searched for the stack's secrets before a test gets it.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LIMIT_S = 240.0
POLL_S = 0.05
AT_ONCE = 3


@dataclass(frozen=True, kw_only=True)
class Said:
    """The end of one call of fab."""

    words: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; a ValueError if anything else stands there."""
        return json.loads(self.stdout)

    @property
    def everything(self) -> str:
        return self.stdout + self.stderr

    def ended(self, exit_code: int) -> Said:
        """Itself, if it ended so; else what it said, for the reader of a failed test."""
        said = f"fab {' '.join(self.words)} ended with {self.exit_code}\n{self.everything}\n{self._ill()}"
        assert self.exit_code == exit_code, said
        return self

    def _ill(self) -> str:
        """What a verification did not like, as the last lines of a long document."""
        try:
            measured = self.document["measurements"]
        except (ValueError, KeyError, TypeError):
            return ""
        ill = [one for one in measured if one["critical"] and one["verdict"] not in ("pass", "skipped")]
        return "\n".join(f"{one['name']}: {one['verdict']}: {one['reason']}" for one in ill)


class Working:
    """A call of fab that has not ended."""

    def __init__(self, operator: Operator, words: tuple[str, ...], number: int) -> None:
        self.operator, self.words = operator, words
        self.out, self.err = (operator.folder / f"call-{number}.{name}" for name in ("out", "err"))
        env = {name: value for name, value in os.environ.items() if not name.startswith("HUMMII_")}
        env |= {"HUMMII_INVENTORY": str(operator.inventory), "HOME": str(operator.folder), "COLUMNS": "900"}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                # a suite that was started in the background ignores Ctrl-C, and so would its children
                [
                    "env",
                    "--default-signal=INT",
                    str(CHECKOUT / ".venv/bin/fab"),
                    f"--search-root={operator.root}",
                    *words,
                ],
                cwd=operator.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def kill(self) -> None:
        """As when the laptop's battery is taken out."""
        self.process.kill()
        self.process.wait()

    def says(self, words: str) -> bool:
        """Has it told people this by now?"""
        return words in self.err.read_text(errors="replace")

    def end(self, limit_s: float = LIMIT_S) -> Said:
        self.process.wait(limit_s)
        out, err = self.out.read_text(), self.err.read_text(errors="replace")
        said = Said(words=self.words, exit_code=self.process.returncode, stdout=out, stderr=err)
        self.operator.sees_no_secret(said)
        return said


class Operator:
    """Calls fab in `folder`, whose inventory.yml includes the lab's environment; `keys` stand beside the include."""

    root = CHECKOUT  # whose fabfile is called

    def __init__(self, folder: Path, environment_file: Path, secrets: Iterable[str], keys: str = "") -> None:
        self.folder, self.secrets, self._numbers = folder, tuple(secrets), count(1)
        folder.mkdir(parents=True, exist_ok=True)
        self.inventory = folder / "inventory.yml"
        lines = f"    include: {json.dumps(str(environment_file))}\n"
        self.inventory.write_text(
            "environments:\n  lab:\n" + lines + "".join(f"    {key}\n" for key in keys.splitlines())
        )

    def start(self, *words: str) -> Working:
        """fab WORDS, in the background, without a terminal; for a task --format=json unless another is asked for."""
        if not words[0].startswith("-") and not any(word.startswith("--format") for word in words):
            words = (*words, "--format=json")
        return Working(self, words, next(self._numbers))

    def fab(self, *words: str, limit_s: float = LIMIT_S) -> Said:
        """fab WORDS, to its end."""
        working = self.start(*words)
        try:
            return working.end(limit_s)
        except subprocess.TimeoutExpired:
            working.kill()
            raise

    def at_terminal(self, *words: str, asked: str, typed: str, limit_s: float = LIMIT_S) -> tuple[int, str]:
        """fab WORDS at a terminal; `typed` answers the question that holds `asked`. Exit code, and all it showed."""
        ours, theirs = pty.openpty()
        env = {name: value for name, value in os.environ.items() if not name.startswith("HUMMII_")}
        env |= {"HUMMII_INVENTORY": str(self.inventory), "HOME": str(self.folder), "COLUMNS": "200"}
        fab = [str(CHECKOUT / ".venv/bin/fab"), f"--search-root={CHECKOUT}", *words]
        process = subprocess.Popen(fab, cwd=self.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown, deadline, answered = "", time.monotonic() + limit_s, False
        while time.monotonic() < deadline:
            try:
                shown += os.read(ours, 65536).decode(errors="replace")
            except OSError:  # the terminal is closed: fab has ended
                break
            if asked in shown and not answered:
                answered = os.write(ours, f"{typed}\n".encode()) > 0
        os.close(ours)
        code = process.wait(10)
        self.sees_no_secret(Said(words=words, exit_code=code, stdout=shown, stderr=""))
        assert answered, shown
        return code, shown

    def each(self, *calls: Sequence[str]) -> list[Said]:
        """Several calls that change nothing, a few at a time; in their order."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(lambda words: self.fab(*words), calls))

    def mirror(self, run_id: str, host: str = "lab-1") -> Path:
        """Where this laptop keeps its copy of a run."""
        return self.folder / ".hummii-ops" / "runs" / run_id / host

    def sees_no_secret(self, said: Said) -> None:
        shown = [name for name in self.secrets if name in said.everything]
        assert not shown, f"fab {' '.join(said.words)} showed {len(shown)} of the stack's secrets"


def until(holds: Callable[[], bool], *, what: str, limit_s: float = 60.0) -> None:
    """Poll until it holds; fail with `what` at the deadline."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {what}"
        time.sleep(POLL_S)
