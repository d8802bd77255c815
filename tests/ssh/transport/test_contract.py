"""What any Transport promises, proved over SSH and here alike."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hummii_ops.errors import UsageError
from hummii_ops.transport import LinkLost, LocalTransport, SshTransport, Transport, connect
from tests.ssh.conftest import Sshd

SHOW = 'for a in "$@"; do printf "%s\\0" "$a"; done'

HOSTILE = (
    "v1; touch /tmp/P",
    "$(touch P)",
    "`touch P`",
    "a'b\"c",
    "-rf",
    "--help",
    "--",
    "../../etc/passwd",
    "~root",
    "*",
    "?",
    "{a,b}",
    "a b",
    " leading and trailing ",
    "|id",
    "&&id",
    ">x",
    "#",
    "!!",
    "\\",
    "\\\\",
    "a\\'b",
    "%s%n",
    "${IFS}",
    "\u202etxt.exe",
    "v1\u2024" + "2",
    "e\u0301",
    "\u00e9",
    "x" * 300,
    "",
    ".",
    "..",
    ".hidden",
    "-oProxyCommand=id",
    "a@b@c",
    "[::1]:22",
    "😀",
)


@pytest.fixture(scope="module")
def kept(sshd: Sshd) -> Iterator[SshTransport]:
    """One connection for all: none of these promises may cost the next one its link."""
    transport = connect(sshd.endpoint())
    yield transport
    transport.close()


@pytest.fixture(params=["ssh", "local"])
def transport(request: pytest.FixtureRequest, kept: SshTransport) -> Transport:
    return kept if request.param == "ssh" else LocalTransport()


def test_a_call_gives_back_everything(transport: Transport) -> None:
    """Exit code, stdout and stderr come back apart, byte for byte."""
    result = transport.call("printf 'a\\377\\000b'; printf 'oops\\n' >&2; exit 7")
    assert (result.exit_code, result.stdout, result.stderr) == (7, b"a\xff\x00b", b"oops\n")


def test_hostile_arguments_arrive_as_they_are(transport: Transport) -> None:
    """No argument is ever executed, split, expanded or changed."""
    result = transport.call(SHOW, *HOSTILE)
    assert result.stdout.decode().split("\0")[:-1] == list(HOSTILE)
    assert result.exit_code == 0


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "v1\n", "\r", "\t", "\x1b[2J", "\x9b1m", "\x7f", "\udcff"])
def test_control_characters_are_refused(transport: Transport, text: str) -> None:
    """A NUL would end the connection, the others would lie to readers: refused before anything is sent."""
    with pytest.raises(UsageError, match="control character"):
        transport.call(SHOW, text)
    with pytest.raises(UsageError):
        transport.stream(SHOW, text, on_line=print)
    assert transport.call("echo fine").stdout == b"fine\n"


def test_a_nul_in_a_script_is_refused(transport: Transport) -> None:
    """A script cannot hold a NUL either."""
    with pytest.raises(UsageError):
        transport.call("echo a\0b")


def test_a_script_of_more_than_a_megabyte_runs(transport: Transport) -> None:
    """A script may be long, and may talk while it is still being read."""
    script = "\n".join(f": {'x' * 90} {n}" for n in range(12_000)) + "\necho end"
    assert len(script) > 1_000_000
    assert transport.call(script).stdout == b"end\n"


def test_big_output_on_both_streams_does_not_deadlock(transport: Transport) -> None:
    """8 MB on each stream, in turns, all of it arrives."""
    turn = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"
    result = transport.call("for i in 1 2 3 4 5 6 7 8; do " + turn + "; done")
    assert (len(result.stdout), len(result.stderr)) == (8_000_000, 8_000_000)


def test_input_is_empty(transport: Transport) -> None:
    """A command that reads its input gets nothing: neither the script's rest nor a wait."""
    assert transport.call("cat; echo after").stdout == b"after\n"


def test_half_a_script_is_never_run(transport: Transport) -> None:
    """What sh cannot parse to its end does nothing at all: so an upload that is cut runs nothing."""
    result = transport.call("echo started; if true; then")
    assert (result.exit_code, result.stdout) == (2, b"")
    assert b"sh" in result.stderr.lower()


@pytest.mark.parametrize("script", ["", "# a comment", "#!/bin/sh\nset -eu\n:", "cat <<EOF\nx\nEOF", ": ;", "(exit 0)"])
def test_any_script_is_one(transport: Transport, script: str) -> None:
    """Empty ones, comments and here-documents at the end run as they would from a file."""
    assert transport.call(script).exit_code == 0


def test_a_script_killed_by_a_signal_says_which(transport: Transport) -> None:
    """128+n, as a shell says it; never -1, never a lost link."""
    assert transport.call("echo x; kill -9 $$").exit_code == 137
    assert transport.call("kill -TERM $$").exit_code == 143


def test_outputs_closed_early_are_not_the_end(transport: Transport) -> None:
    """A script that closes its outputs and works on is waited for."""
    assert transport.call("exec >&- 2>&-; sleep 0.3; exit 4").exit_code == 4


def test_the_limit_is_a_deadline(transport: Transport) -> None:
    """When it passes, the outcome is unknown."""
    began = time.monotonic()
    with pytest.raises(LinkLost, match="unknown") as lost:
        transport.call("sleep 3", limit_s=0.4)
    assert lost.value.how == "no answer came within 0.4 s"
    assert time.monotonic() - began < 1.5
    assert transport.call("echo fine").stdout == b"fine\n"


def test_lines_arrive_live(transport: Transport) -> None:
    """Each line is handed over when it is printed, not at the end; the last may lack its newline."""
    heard: list[tuple[str, float]] = []
    code = transport.stream(
        "echo one; sleep 0.4; echo two; sleep 0.4; printf 'caf\\303\\251 \\377'; exit 3",
        on_line=lambda line: heard.append((line, time.monotonic())),
    )
    assert code == 3
    assert [line for line, _ in heard] == ["one", "two", "café \ufffd"]
    times = [at for _, at in heard]
    assert times[1] - times[0] > 0.25
    assert times[2] - times[1] > 0.25


def test_a_silent_stream_is_unknown(transport: Transport) -> None:
    """No beat for `silence_s` is LinkLost, though the link itself may be well; a beat keeps it."""
    heard: list[str] = []
    with pytest.raises(LinkLost):
        transport.stream("echo one; sleep 3", on_line=heard.append, silence_s=0.5)
    assert heard == ["one"]
    beats = "for i in 1 2 3 4 5; do sleep 0.2; echo beat >&2; done"
    assert transport.stream(beats, on_line=heard.append, silence_s=0.6) == 0


def test_an_error_in_the_listener_ends_the_stream(transport: Transport) -> None:
    """What `on_line` raises comes out, and the transport can be used again."""

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transport.stream("while echo x; do sleep 0.05; done", on_line=stop)
    assert transport.call("echo fine").stdout == b"fine\n"


@pytest.mark.parametrize("where", ["ssh", "local"])
def test_closed_is_closed(sshd: Sshd, where: str) -> None:
    """After `close` nothing is sent, and closing twice is once."""
    transport: Transport = connect(sshd.endpoint()) if where == "ssh" else LocalTransport()
    transport.close()
    transport.close()
    with pytest.raises(LinkLost) as lost:
        transport.call("echo x")
    assert not lost.value.sent
