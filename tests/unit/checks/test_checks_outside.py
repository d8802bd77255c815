"""The look from outside, against a real server that answers well, badly, slowly or not at all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from hummii_ops.checks.stack.outside import Looked, look

Answers = Callable[[bytes], Iterator[bytes]]


class Server:
    """Answers each connection from a function of the request's first line; every chunk is sent as it comes."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open = True
        self.asked: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/health"

    def close(self) -> None:
        self._open = False
        self._socket.close()

    def _serve(self) -> None:
        while self._open:
            with suppress(OSError):
                link, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            request = link.recv(65536)
            self.asked.append(request)
            for chunk in self._answers(request.split(b"\r\n")[0]):
                if not self._open:
                    return
                link.sendall(chunk)


def whole(status: str, body: bytes, *headers: str) -> bytes:
    head = "".join(f"{one}\r\n" for one in (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"))
    return head.encode() + b"Connection: close\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], Server]]:
    servers: list[Server] = []

    def start(answers: Answers) -> Server:
        servers.append(Server(answers))
        return servers[-1]

    yield start
    for one in servers:
        one.close()


def ask(server: Server, *, version: str | None = "1.0", timeout_s: float = 5) -> Looked:
    return look(server.url, field="version", version=version, timeout_s=timeout_s)


GOOD = whole("200 OK", b'{"status":"ok","version":"1.0"}')


def test_a_good_answer_passes(serve: Callable[[Answers], Server]) -> None:
    """2xx and the version that runs, in one request."""
    server = serve(lambda _: iter([GOOD]))
    looked = ask(server)
    assert (looked.verdict, looked.status, looked.version) == ("pass", 200, "1.0")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (whole("503 Service Unavailable", b'{"version":"1.0"}'), "HTTP 503"),
        (whole("404 Not Found", b""), "HTTP 404"),
        (whole("200 OK", b'{"version":"1.1"}'), "answers as version 1.1, not 1.0"),
        (whole("200 OK", b"<html>welcome</html>"), "version unknown"),
        (whole("200 OK", b"[1]"), "version unknown"),
        (whole("200 OK", b'{"version":1}'), "version unknown"),
        (whole("200 OK", b"[" * 60000), "version unknown"),
        (whole("200 OK", b"x" * 200_000), "version unknown"),
        (b"SSH-2.0-OpenSSH\r\n", "no answer"),
        (b"", "no answer"),
    ],
)
def test_a_bad_answer_fails(serve: Callable[[Answers], Server], answer: bytes, words: str) -> None:
    """Someone answered, and it was not a healthy stack of this version."""
    looked = ask(serve(lambda _: iter([answer])))
    assert looked.verdict == "fail"
    assert words in looked.reason


def test_without_a_version_to_compare_2xx_is_enough(serve: Callable[[Answers], Server]) -> None:
    """A stack whose version is unknown can still be healthy."""
    assert ask(serve(lambda _: iter([whole("204 No Content", b"")])), version=None).verdict == "pass"


def test_a_redirect_is_followed(serve: Callable[[Answers], Server]) -> None:
    """To the answer behind it; what the address holds as user and password does not go along to another place."""
    good = serve(lambda _: iter([GOOD]))
    first = serve(lambda _: iter([whole("301 Moved", b"", f"Location: {good.url}")]))
    named = first.url.replace("http://", "http://user:secret@")
    assert look(named, field="version", version="1.0").verdict == "pass"
    assert b"authorization" in first.asked[0].lower()
    assert b"authorization" not in good.asked[0].lower()


def test_a_redirect_that_goes_round_fails(serve: Callable[[Answers], Server]) -> None:
    """It ends, and it is no answer."""
    server = serve(lambda _: iter([whole("302 Found", b"", "Location: /again")]))
    assert ask(server).verdict == "fail"


def test_a_refused_port_is_an_error() -> None:
    """No connection says nothing about the stack: the way there may be ours."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    looked = look(f"http://127.0.0.1:{port}/", field=None, version=None)
    assert (looked.verdict, looked.status) == ("error", None)


def test_a_name_that_does_not_exist_is_an_error() -> None:
    """No such host: we could not look."""
    assert look("http://no-such-host.invalid/", field=None, version=None).verdict == "error"


def drips_its_body(_: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    while True:
        time.sleep(0.1)
        yield b"x"


def drips_its_head(_: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    while True:
        time.sleep(0.1)
        yield b"x"


def says_nothing(_: bytes) -> Iterator[bytes]:
    while True:
        time.sleep(0.1)
        yield b""


@pytest.mark.parametrize("answers", [drips_its_body, drips_its_head, says_nothing])
def test_the_deadline_is_for_all_of_it(serve: Callable[[Answers], Server], answers: Answers) -> None:
    """A server that drips bytes, or says nothing, holds us no longer than the limit; it is ill, not unreachable."""
    began = time.monotonic()
    looked = ask(serve(answers), timeout_s=0.7)
    assert looked.verdict == "fail"
    assert time.monotonic() - began < 2


def test_a_version_from_outside_is_made_printable(serve: Callable[[Answers], Server]) -> None:
    """What a stranger says cannot move the cursor, nor fill the screen."""
    looked = ask(serve(lambda _: iter([whole("200 OK", b'{"version":"\\u001b[2J' + b"9" * 5000 + b'"}')])))
    assert looked.verdict == "fail"
    assert "\x1b" not in looked.reason
    assert len(looked.reason) < 200
