"""A laptop and a real sshd with a project behind it, and what both hold against an attack: nothing ran, nothing leaked.

The host's docker does not answer: what is attacked here is all that stands before it. For a read of backups it
answers what bin/served holds, if that is there: one container, and what its PostgreSQL says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attack_strings import MADE

SECRET = "s3cr3t-of-production-7Q"
COMPOSE = "docker-compose.prod.yml"
DOCKER = """\
#!/bin/sh
[ -e "${0%/*}/served" ] || exit 1
case "$*" in
  "ps "*) echo cafe ;;
  *" psql "*) cat "${0%/*}/served" ;;
  *) exit 1 ;;
esac
"""
CODES = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}  # 1 is a bug
UNPRINTABLE = {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))} | {"\u202e"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call of fab came to."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """What a person is told: the error, or that there was none."""
        try:
            document = json.loads(self.out)
        except ValueError:
            return self.err.strip().splitlines()[0] if self.err.strip() else "—"
        return str(document.get("error") or "done")


@dataclass(kw_only=True)
class Attacked:
    """`folder` holds all of it: the laptop's files and the host's."""

    folder: Path
    port: int
    key: Path
    known_hosts: Path
    user: str
    _fab: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("laptop", "project/backups/database", "project/.hummii-ops/runs"):
            (self.folder / name).mkdir(parents=True)
        docker = self.folder / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        (self.project / COMPOSE).write_text("services:\n  api:\n    image: api:1.1\n")
        (self.project / ".env").write_text(f"POSTGRES_PASSWORD={SECRET}\n")
        program = Path(__file__).with_name("forking_fab.py")
        self._fab = subprocess.Popen(
            [sys.executable, str(program)],
            env={name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "HUMMII_"))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._fab.communicate()

    @property
    def laptop(self) -> Path:
        return self.folder / "laptop"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def ours(self) -> Path:
        return self.project / ".hummii-ops"

    def inventory(self, *, host: Mapping[str, Any] | None = None, **environment: Any) -> None:
        """An inventory whose host is ours, with changes; JSON is YAML, so every string can be written."""
        one = {"name": "host-1", "address": "127.0.0.1", "port": self.port, "user": self.user}
        one |= {"identity_file": str(self.key)} | dict(host or {})
        all_of_it = {"hosts": [one], "known_hosts": [str(self.known_hosts)], "ssh_config": False}
        all_of_it |= {"project": "attacked", "project_dir": str(self.project), "secrets": {"token": {"env": "TOKEN"}}}
        text = json.dumps({"environments": {"lab": all_of_it | environment}}, ensure_ascii=False)
        (self.laptop / "inventory.yml").write_text(text, encoding="utf-8", errors="surrogatepass")

    def fab(self, *words: str, **env: str) -> Answer:
        """fab WORDS --format=json, with the proof that nothing was executed, shown or thrown."""
        assert self._fab.stdin
        assert self._fab.stdout
        at = self.folder / "call"
        env |= {"HUMMII_INVENTORY": str(self.laptop / "inventory.yml"), "HOME": str(self.laptop), "TOKEN": SECRET}
        call = {"cwd": str(self.laptop), "words": [*words, "--format=json"], "env": env, "out": str(at)}
        self._fab.stdin.write(json.dumps(call) + "\n")
        self._fab.stdin.flush()
        code = int(self._fab.stdout.readline())
        out, err = (Path(f"{at}.{name}").read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
        answer = Answer(code=code, out=out, err=err)
        self.is_unharmed(words, answer)
        return answer

    def is_unharmed(self, words: tuple[str, ...], answer: Answer) -> None:
        """0 executed, 0 leaked, 0 tracebacks."""
        said = answer.out + answer.err
        assert answer.code in CODES, f"{words!r}: {answer.code}\n{said}{self.bug()}"
        assert "Traceback" not in said, said
        assert not list(self.folder.rglob(MADE)), words
        self.is_harmless(words, said)

    def is_harmless(self, words: tuple[str, ...], said: str) -> None:
        """No secret, no output of a command, nothing that a terminal obeys."""
        assert SECRET not in said, words
        assert "uid=" not in said, words
        assert "root:" not in said, words  # a line of /etc/passwd
        assert not UNPRINTABLE & set(said), (words, said)

    def bug(self) -> str:
        """The newest log of a bug."""
        logs = sorted((self.laptop / ".hummii-ops" / "logs").glob("*.log"))
        return logs[-1].read_text() if logs else ""

    def kept_no_secret(self) -> None:
        """Nor has the laptop written a secret anywhere, nor a file that others can read."""
        for path in (self.laptop / ".hummii-ops").rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path
                assert path.stat().st_mode & 0o077 == 0, path
