"""Root's shell on a small host, kept open."""

from __future__ import annotations

import os
import select
import subprocess
import time

MARK = "@end of it"


class Shell:
    """Root's shell on the host, kept open: a call costs milliseconds. It ends when the host is killed."""

    def __init__(self, name: str) -> None:
        command = ["docker", "exec", "-i", "--user=root", name, "sh"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)

    def run(self, script: str, limit_s: float = 60) -> str:
        """What it says; fails unless it ends with 0."""
        code, said = self.ends(script, limit_s)
        assert code == 0, f"{script}\nended with {code}: {said}"
        return said

    def ends(self, script: str, limit_s: float = 60) -> tuple[int, str]:
        """Its exit code, and what it says."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"(\n{script}\n) </dev/null 2>&1; printf '\\n{MARK} %s\\n' $?\n".encode())
        stdin.flush()
        said, deadline = b"", time.monotonic() + limit_s
        while not (said.endswith(b"\n") and MARK.encode() in said):
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"not within {limit_s:.0f} s: {script}\n{said.decode(errors='replace')}"
            more = os.read(stdout.fileno(), 65536)
            assert more, f"the shell went away: {said.decode(errors='replace')}"
            said += more
        text, _, code = said.decode(errors="replace").rpartition(f"\n{MARK} ")
        return int(code), text.strip("\n")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
