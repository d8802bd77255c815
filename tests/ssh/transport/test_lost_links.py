"""A link that is lost or silent is "unknown", and that is known soon."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from hummii_ops.transport import LinkLost, SshTransport, connect
from tests.ssh.conftest import Proxy, Sshd, wait_for


def noticed_after(act: Callable[[], object], cut: Callable[[], None], *, after_s: float) -> float:
    """Seconds from the cut to the LinkLost."""
    at = 0.0

    def cut_now() -> None:
        nonlocal at
        at = time.monotonic()
        cut()

    timer = threading.Timer(after_s, cut_now)
    timer.start()
    with pytest.raises(LinkLost):
        act()
    timer.join()
    return time.monotonic() - at


def test_a_silent_link_is_noticed(sshd: Sshd, proxy: Proxy) -> None:
    """A call with a long limit and a stream end when no byte passes any more, after the silence and a tick.

    In production the silence is 15 s, and a unit test keeps it so; here it is shorter.
    """
    with (
        contextlib.closing(connect(sshd.endpoint(port=proxy.port), ping_every_s=1, silence_s=3)) as link,
        ThreadPoolExecutor() as threads,
    ):
        call = threads.submit(noticed_after, lambda: link.call("sleep 60", limit_s=300), proxy.be_silent, after_s=0.5)
        stream = threads.submit(
            noticed_after,
            lambda: link.stream("while echo beat; do sleep 0.2; done", on_line=str, silence_s=300),
            lambda: None,
            after_s=0.5,
        )
        assert 1 < call.result() < 4
        assert 1 < stream.result() < 4


def test_a_quiet_command_on_a_good_link_is_left_alone(sshd: Sshd) -> None:
    """Silence of the command is not silence of the link: the server still answers when asked."""
    with contextlib.closing(connect(sshd.endpoint(), ping_every_s=0.3, silence_s=1)) as link:
        assert link.call("sleep 2.5; echo late").stdout == b"late\n"


def test_a_new_command_on_a_silent_link_fails_soon(sshd: Sshd, proxy: Proxy) -> None:
    """It was never sent, and says so; the one after it fails at once."""
    link = connect(sshd.endpoint(port=proxy.port), ping_every_s=0.3, silence_s=1)
    with contextlib.closing(link):
        assert link.call("echo fine").exit_code == 0
        proxy.be_silent()
        began = time.monotonic()
        with pytest.raises(LinkLost) as lost:
            link.call("echo x", limit_s=2)
        assert time.monotonic() - began < 3
        assert not lost.value.sent


def test_a_new_command_on_a_dead_link_fails_at_once(sshd: Sshd, proxy: Proxy) -> None:
    """A link that was cut between two commands."""
    with contextlib.closing(connect(sshd.endpoint(port=proxy.port))) as link:
        proxy.cut()
        wait_for(lambda: not alive(link))
        began = time.monotonic()
        with pytest.raises(LinkLost) as lost:
            link.call("echo x")
        assert time.monotonic() - began < 1
        assert not lost.value.sent


def alive(link: SshTransport) -> bool:
    try:
        link.call("true")
    except LinkLost:
        return False
    return True


@pytest.mark.parametrize("way", ["call", "stream"])
def test_a_link_cut_in_the_middle_is_unknown(sshd: Sshd, proxy: Proxy, way: str) -> None:
    """Cut while the command is at work: LinkLost within a second, never an exit code."""
    with contextlib.closing(connect(sshd.endpoint(port=proxy.port))) as link:
        act = {
            "call": lambda: link.call("echo x; sleep 20"),
            "stream": lambda: link.stream("while echo x; do sleep 0.1; done", on_line=str),
        }[way]
        assert noticed_after(act, proxy.cut, after_s=0.4) < 1


def test_an_answer_that_is_cut_short_is_unknown(sshd: Sshd, proxy: Proxy) -> None:
    """A cut while much output is on its way never gives half of it as the whole."""
    with contextlib.closing(connect(sshd.endpoint(port=proxy.port))) as link:
        noticed_after(lambda: link.call("while head -c 100000 /dev/zero; do :; done"), proxy.cut, after_s=0.4)


def test_an_upload_that_is_cut_runs_nothing(sshd: Sshd, proxy: Proxy, tmp_path: Path) -> None:
    """The first half of a script that never arrived whole has done nothing."""
    trace = tmp_path / "ran"
    script = f"echo ran >> {trace}\n" * 400_000
    link = connect(sshd.endpoint(port=proxy.port), ping_every_s=0.3, silence_s=1)
    with contextlib.closing(link):
        proxy.be_silent(after_bytes=1_000_000)
        with pytest.raises(LinkLost) as lost:
            link.call(script)
        assert lost.value.sent
    proxy.cut()
    assert not trace.exists()


def test_streams_run_side_by_side(link: SshTransport) -> None:
    """Two streams and calls at once on one connection do not wait for each other, nor mix."""

    @dataclass
    class Heard:
        lines: list[str]
        ended: float = 0

    def follow(word: str) -> Heard:
        heard = Heard([])
        link.stream(f"for i in 1 2 3 4 5; do echo {word} $i; sleep 0.1; done", on_line=heard.lines.append)
        heard.ended = time.monotonic()
        return heard

    began = time.monotonic()
    with ThreadPoolExecutor() as threads:
        streams = [threads.submit(follow, word) for word in ("left", "right")]
        calls = [threads.submit(link.call, f"echo {n}") for n in range(5)]
        assert [call.result().stdout for call in calls] == [b"%d\n" % n for n in range(5)]
        for word, stream in zip(("left", "right"), streams, strict=True):
            assert stream.result().lines == [f"{word} {n}" for n in range(1, 6)]
            assert stream.result().ended - began < 0.95
