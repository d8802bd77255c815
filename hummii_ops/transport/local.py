"""This machine as a host: the same contract over a real process, without SSH."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Callable
from time import monotonic

from hummii_ops.transport.lines import Lines
from hummii_ops.transport.protocol import LinkLost, Result
from hummii_ops.transport.shell import AfterMark, checked, standard_input

_CHUNK_BYTES = 1 << 16


class LocalTransport:
    """Runs sh here, in `cwd` if one is given. What overruns is killed: unlike over SSH, it is ours."""

    def __init__(self, *, name: str = "local", cwd: str | None = None) -> None:
        self.name = name
        self._cwd = cwd
        self._closed = False

    def call(self, script: str, *args: str, limit_s: float = 30) -> Result:
        out, err = bytearray(), bytearray()
        ends = monotonic() + limit_s
        code = self._run(script, args, out.extend, err.extend, lambda: ends, limit_s)
        return Result(exit_code=code, stdout=bytes(out), stderr=bytes(err))

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        lines = Lines(on_line)
        heard = monotonic()

        def hear(data: bytes) -> None:
            nonlocal heard
            heard = monotonic()

        def on_stdout(data: bytes) -> None:
            hear(data)
            lines.feed(data)

        code = self._run(script, args, on_stdout, hear, lambda: heard + silence_s)
        lines.end()
        return code

    def close(self) -> None:
        self._closed = True

    def _run(
        self,
        script: str,
        args: tuple[str, ...],
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
        ends: Callable[[], float],
        limit_s: float | None = None,
    ) -> int:
        argv = ["sh", "-s", "--", *checked(args)]
        data = standard_input(script)
        out, err = AfterMark(on_stdout), AfterMark(on_stderr)
        if self._closed:
            raise LinkLost(f"{self.name}: the connection is closed", sent=False)
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=self._cwd,
            start_new_session=True,  # Ctrl-C here must not reach it, as it does not over SSH
        )
        with process:
            try:
                _converse(process, data, out.feed, err.feed, ends)
                code = process.wait(max(0.0, ends() - monotonic()))
            except (TimeoutError, subprocess.TimeoutExpired):
                what = f"{self.name}: no end within the limit; what the script did is unknown"
                raise LinkLost(what, limit_s=limit_s) from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        out.end(otherwise_all=False)
        err.end(otherwise_all=True)
        return code if code >= 0 else 128 - code


def _converse(
    process: subprocess.Popen[bytes],
    data: bytes,
    on_stdout: Callable[[bytes], None],
    on_stderr: Callable[[bytes], None],
    ends: Callable[[], float],
) -> None:
    """Write and read at once until both outputs end: who talks before it is read must not deadlock."""
    if not (process.stdin and process.stdout and process.stderr):
        raise ValueError("started without pipes")
    unsent = memoryview(data)
    os.set_blocking(process.stdin.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ, on_stdout)
        selector.register(process.stderr, selectors.EVENT_READ, on_stderr)
        while selector.get_map():
            ready = selector.select(max(0.0, ends() - monotonic()))
            if not ready and monotonic() >= ends():
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    try:
                        unsent = unsent[os.write(key.fd, unsent[:_CHUNK_BYTES]) :]
                    except BrokenPipeError:  # it ended without reading all of the script
                        unsent = unsent[:0]
                    if not unsent:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                elif piece := os.read(key.fd, _CHUNK_BYTES):
                    key.data(piece)
                else:
                    selector.unregister(key.fileobj)
