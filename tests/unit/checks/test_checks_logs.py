"""New critical lines in the logs: what is asked, what the host's script sends, and how it is judged."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks import Measurement
from hummii_ops.checks.logs import logs
from hummii_ops.checks.logs.excerpts import Answer, Excerpt, Question, parse, questions, read
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory.stack_settings import CRITICAL_LINES
from hummii_ops.transport import FakeTransport, LinkLost, Result

MINUTE = timedelta(minutes=1)


def excerpt(*lines: str, at: datetime = NOW - 3 * MINUTE) -> Excerpt:
    return Excerpt(lines=tuple((at, line) for line in lines), looked=100, found=len(lines))


def judge(
    window: Excerpt,
    earlier: Excerpt | None = None,
    *,
    patterns: tuple[str, ...] = CRITICAL_LINES,
    seen: Snapshot | None = None,
) -> Measurement:
    question = Question(container=container("api"), since=NOW - 10 * MINUTE)
    answers = [Answer(question=question, window=window, earlier=earlier)]
    (found,) = logs.judge(seen or snapshot(), [question], answers, patterns)
    return found


def test_quiet_logs_pass() -> None:
    """No critical line: pass, with the window and how many lines were looked at."""
    found = judge(excerpt("0 errors", "fatality"), excerpt())
    assert (found.verdict, found.value, found.samples, found.window_s) == ("pass", 0, 100, 600)
    assert "docker logs --since 2026-11-22T11:50:00Z" in found.source


def test_a_new_critical_line_fails_with_count_and_example() -> None:
    """The reason names the service, how many, and one of them, masked."""
    found = judge(excerpt("FATAL id 17 password=hunter2", "FATAL id 18 password=hunter3"), excerpt())
    assert (found.name, found.verdict, found.value) == ("logs.api", "fail", 2)
    assert "2 new critical lines in api, e.g. FATAL id 17 password=***" in found.reason
    assert "hunter" not in found.reason


def test_at_most_three_kinds_are_shown() -> None:
    """Examples, not the log."""
    found = judge(excerpt(*(f"FATAL kind {word}" for word in ("a", "b", "c", "d", "a"))), excerpt())
    assert found.value == 5
    assert [word in found.reason for word in ("kind a", "kind b", "kind c", "kind d")] == [True, True, True, False]


def test_what_was_there_before_the_release_is_not_new() -> None:
    """The same fingerprint in the hour before: counted, said, no failure."""
    found = judge(excerpt('FATAL: role "root" id 5'), excerpt('FATAL: role "admin" id 9', at=NOW - 50 * MINUTE))
    assert found.verdict == "pass"
    assert "1 as before the release" in found.reason


def test_without_anything_earlier_the_reason_says_so() -> None:
    """Then every critical line is new."""
    assert "nothing earlier to compare" in judge(excerpt()).reason
    found = judge(excerpt("panic: x"))
    assert found.verdict == "fail"
    assert "nothing earlier to compare" in found.reason


def test_a_line_that_says_itself_a_warning_is_not_critical() -> None:
    """Our default regexes do not overrule a structured log's own level."""
    found = judge(excerpt('{"level":"warn","error":"connect ECONNREFUSED 10.0.0.1"}'), excerpt())
    assert found.verdict == "pass"
    assert "1 while services started, or by their own level" in found.reason


def test_a_neighbour_that_was_not_up_yet_is_no_error_while_services_start() -> None:
    """Refused connections right after a start are how starting looks; later they are errors."""
    seen = snapshot(*stack(container("postgres", started_at=NOW - 3 * MINUTE)))
    line = "FATAL:  the database system is starting up"
    assert judge(excerpt(line, at=NOW - 3 * MINUTE), excerpt(), seen=seen).verdict == "pass"
    assert judge(excerpt(line, at=NOW - MINUTE), excerpt(), seen=seen).verdict == "fail"
    assert judge(excerpt("FATAL: bad config", at=NOW - 3 * MINUTE), excerpt(), seen=seen).verdict == "fail"


def test_the_inventorys_own_regex_means_what_it_says() -> None:
    """A line that the operator calls critical is critical whatever its level, and at any time."""
    found = judge(excerpt('{"level":"info","message":"payment lost"}'), excerpt(), patterns=("payment lost",))
    assert found.verdict == "fail"


def test_a_log_that_cannot_be_read_is_an_error_and_one_that_is_not_kept_a_skip() -> None:
    """Not read is not clean; a logging driver of none is a reason."""
    assert judge(parse("said no such container\nlines 0 0 1\n")).verdict == "error"
    found = judge(parse("said cannot read\nsaid driver none\nlines 0 0 1\n"))
    assert (found.verdict, found.value) == ("skipped", None)
    assert judge(parse("")).verdict == "error"


def test_a_cut_excerpt_says_so() -> None:
    """Where only the last lines came, the reason has the numbers."""
    window = Excerpt(lines=((NOW, "x"),), looked=9000, found=5000)
    assert "only the last 1 of 5000 lines sieved out" in judge(window, excerpt()).reason


def test_a_lost_link_is_an_error_for_each_service() -> None:
    """Unknown is never clean."""
    question = Question(container=container("api"), since=NOW)
    assert [one.verdict for one in logs.judge(snapshot(), [question], None, CRITICAL_LINES)] == ["error"]


def test_the_questions() -> None:
    """The last ten minutes; not before a start that no crash caused; compared with before the release if older."""
    young, crashed = NOW - 4 * MINUTE, container("nginx", restart_count=3, started_at=NOW - MINUTE)
    old = container("postgres", created_at=NOW - timedelta(days=9), started_at=NOW - timedelta(days=9))
    api = container("api", created_at=young, started_at=young)
    gone = container("worker", status="exited", finished_at=NOW - timedelta(days=1))
    asked = {one.container.service: one for one in questions(snapshot(api, crashed, old, gone), version_service="api")}
    assert set(asked) == {"api", "nginx", "postgres"}
    assert (asked["api"].since, asked["api"].earlier) == (young, None)
    assert asked["postgres"].since == young
    assert asked["postgres"].earlier == (young - timedelta(hours=1), young)
    assert asked["nginx"].since == young
    alone = questions(snapshot(crashed), version_service="api")
    assert [(one.since, one.earlier) for one in alone] == [(NOW - 10 * MINUTE, None)]


DOCKER = """#!/bin/sh
case $1 in inspect) echo driver none; exit ;; esac
for last; do :; done
case $last in
  lost) echo "Error: configured logging driver does not support reading" >&2; exit 1 ;;
  busy) i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "2026-11-22T11:59:00.5Z FATAL number $i"; done ;;
  *) echo "2026-11-22T11:58:00.123456789Z all is well"
     echo "2026-11-22T11:59:00Z FATAL from $last, asked: $*"
     echo "2026-11-22T11:59:01Z fatal: lower, on stderr" >&2
     printf '2026-11-22T11:59:02Z Out Of MEMORY \\303\\251 without an end' ;;
esac
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_script_sieves_on_the_host(shell: str, tmp_path: Path) -> None:
    """Each log apart, only lines with a word, bounded, docker's own words told from the log's."""
    fake = tmp_path / "docker"
    fake.write_text(DOCKER)
    fake.chmod(0o755)
    script = files("hummii_ops.checks.logs").joinpath("logs.sh").read_text()
    arguments = ["50", "1000000", "word:fatal", "word:out of memory", "abc:100.5:", "busy:1:2", "lost:1:2"]
    done = subprocess.run(
        [shell, "-s", "--", *arguments],
        input=script.encode(),
        capture_output=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
    )
    sent = [
        b64decode(line.split()[3]).decode()
        for line in done.stdout.decode().splitlines()
        if line.startswith("@hummii logs")
    ]
    plain, busy, lost = map(parse, sent)
    assert [line for _, line in plain.lines] == [
        "FATAL from abc, asked: logs --timestamps --since 100.5 abc",
        "fatal: lower, on stderr",
        "Out Of MEMORY é without an end",
    ]
    assert (plain.looked, plain.found, plain.trouble) == (4, 3, None)
    assert (busy.looked, busy.found, len(busy.lines)) == (3000, 3000, 50)
    assert busy.lines[-1][1] == "FATAL number 3000"
    assert (lost.kept, lost.looked) == (False, 0)


def test_a_byte_limit_keeps_the_newest(tmp_path: Path) -> None:
    """At most so many bytes, and the last of them."""
    fake = tmp_path / "docker"
    fake.write_text(DOCKER)
    fake.chmod(0o755)
    script = files("hummii_ops.checks.logs").joinpath("logs.sh").read_text()
    done = subprocess.run(
        ["sh", "-s", "--", "2000", "200", "busy:1:"],
        input=script.encode(),
        capture_output=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
    )
    said = next(line for line in done.stdout.decode().splitlines() if line.startswith("@hummii logs"))
    text = b64decode(said.split()[3])
    assert len(text) < 230
    assert text.decode().rstrip().endswith("FATAL number 3000")


def test_a_cut_answer_is_no_answer() -> None:
    """Without the last line, or when the link goes, nothing is known."""

    def lost(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("gone")

    asked = [Question(container=container("api"), since=NOW)]
    whole = Result(exit_code=0, stdout=b"@hummii logs 0 bGluZXMgMCAwIDAK\n@hummii end 0 \n", stderr=b"")
    cut = Result(exit_code=0, stdout=b"@hummii logs 0 bGluZXMgMCAwIDAK\n", stderr=b"")
    assert read(FakeTransport(lambda *_: whole), asked, CRITICAL_LINES) is not None
    assert read(FakeTransport(lambda *_: cut), asked, CRITICAL_LINES) is None
    assert read(FakeTransport(lost), asked, CRITICAL_LINES) is None
    assert read(FakeTransport(lost), [], CRITICAL_LINES) == ()
