"""One kept SSH connection as a Transport.

Never reconnects by itself: whoever lost a link must first ask the host what became of the command.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic

from hummii_ops.transport.conversation import Channel, converse
from hummii_ops.transport.lines import Lines
from hummii_ops.transport.protocol import LinkLost, Result
from hummii_ops.transport.pulse import Pulse
from hummii_ops.transport.shell import AfterMark, command_line, standard_input

OPEN_TIMEOUT_S = 10.0


class SshTransport:
    """Made by `connect`. `warnings` is what could not be honoured of known_hosts and ssh_config."""

    def __init__(
        self,
        name: str,
        *,
        open_channel: Callable[[float], Channel],
        pulse: Pulse,
        stack: ExitStack,
        warnings: tuple[str, ...] = (),
        sudo: bool = False,
    ) -> None:
        self.name = name
        self.warnings = warnings
        self._open_channel = open_channel
        self._pulse = pulse
        self._stack = stack
        self._sudo = sudo

    def call(self, script: str, *args: str, limit_s: float = 30) -> Result:
        out, err = bytearray(), bytearray()
        ends = monotonic() + limit_s

        def watch() -> None:
            if monotonic() > ends:
                raise LinkLost(
                    f"{self.name}: no end within {limit_s:g} s; what the script did is unknown", limit_s=limit_s
                )

        code = self._run(script, args, out.extend, err.extend, watch, min(limit_s, OPEN_TIMEOUT_S))
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

        def watch() -> None:
            if monotonic() - heard > silence_s:
                raise LinkLost(f"{self.name}: nothing heard for {silence_s:g} s; the outcome is unknown")

        code = self._run(script, args, on_stdout, hear, watch, min(silence_s, OPEN_TIMEOUT_S))
        lines.end()
        return code

    def close(self) -> None:
        self._stack.close()

    def _run(
        self,
        script: str,
        args: tuple[str, ...],
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
        watch: Callable[[], None],
        open_timeout_s: float,
    ) -> int:
        command, data = command_line(args, sudo=self._sudo), standard_input(script)

        out, err = AfterMark(on_stdout), AfterMark(on_stderr)

        def watch_all() -> None:
            watch()
            self._pulse.check()

        with self._pulse.listening():
            channel = self._open_channel(open_timeout_s)
            self._pulse.heard()
            code = converse(
                self.name,
                channel,
                command,
                data,
                on_stdout=out.feed,
                on_stderr=err.feed,
                on_any=self._pulse.heard,
                watch=watch_all,
            )
        out.end(otherwise_all=False)
        err.end(otherwise_all=True)
        return code
