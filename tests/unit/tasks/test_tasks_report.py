"""The end of a run over several hosts: its exit code and its words."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_runs import a_plan, a_state, a_step_result, an_outcome
from rich.console import Console

from hummii_ops.errors import ExitCode
from hummii_ops.inventory.models import Environment
from hummii_ops.run.fleet import Part
from hummii_ops.run.outcome import Outcome, StepOutcome
from hummii_ops.run.perform import Place
from hummii_ops.tasks.reply.meant import Beside
from hummii_ops.tasks.reply.report import run_reply, worst
from hummii_ops.transport import LocalTransport

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATE = a_state("1.0")


def outcome(host: str, state: str, failed: str = "") -> Outcome:
    step = a_step_result(
        id=failed,
        title=failed,
        host=host,
        outcome="failed",
        reason="the answer was: stop",
        started_at=NOW,
        elapsed_s=1.0,
    )
    return an_outcome(host=host, state=state, steps=(step,) if failed else (), began_at=NOW, ended_at=NOW)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (("done", "done"), ExitCode.DONE),
        (("restored", "restored"), ExitCode.RESTORED),
        (("restored", "refused"), ExitCode.RESTORED),
        (("refused", "refused"), ExitCode.REFUSED),
        (("done", "refused"), ExitCode.MIXED),
        (("done", "restored"), ExitCode.MIXED),
        (("restored", "mixed"), ExitCode.MIXED),
    ],
)
def test_the_exit_code_is_true_of_all_hosts(states: tuple[str, ...], code: ExitCode) -> None:
    """3 only if nothing changed anywhere, 5 only if all are as before, and hosts that differ need a person."""
    ends = [outcome(f"h-{number}", state) for number, state in enumerate(states)]
    assert worst(ends, asked_back=False) is code


@pytest.mark.parametrize("states", [("restored", "refused"), ("abandoned", "restored"), ("refused", "refused")])
def test_who_asked_to_go_back_got_it(states: tuple[str, ...]) -> None:
    """After cancel or undo of a run that had not ended, a host that was never changed is as it should be."""
    ends = [outcome(f"h-{number}", state) for number, state in enumerate(states)]
    assert worst(ends, asked_back=True) is ExitCode.DONE


def part(host: str) -> Part:
    transport = LocalTransport()
    plan = a_plan(host=host, left=replace(STATE, label="1.1"), target=STATE)
    place = Place(host=host, home="/", connect=LocalTransport, transport=transport, runs_dir=Path())
    hosts = [{"name": host, "address": "192.0.2.1"}]
    return Part(
        environment=Environment.model_validate({"name": "e", "hosts": hosts}), place=place, plan=plan, outside=None
    )


def test_hosts_that_differ_are_named() -> None:
    """Nobody has to compare two hosts by eye: where the target runs, what did not begin, and how to go on."""
    ends = [outcome("h-1", "done"), outcome("h-2", "refused", "turn")]
    reply = run_reply("attach", [part("h-1"), part("h-2")], ends, Path("kept"))
    console = Console(file=io.StringIO(), width=200)
    reply.show(console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    assert (reply.exit_code, reply.verdict) == (ExitCode.MIXED, "mixed")
    assert "the hosts differ: 1.0 runs on h-1 alone" in page
    assert "h-2: its turn did not come; nothing was changed" in page
    assert "--limit=h-2" in page


@pytest.mark.parametrize(
    ("state", "at_target", "code"),
    [
        ("restored", True, ExitCode.MIXED),
        ("restored", False, ExitCode.DONE),
        ("done", False, ExitCode.MIXED),
        ("done", True, ExitCode.DONE),
    ],
)
def test_a_host_that_was_passed_over_counts(state: str, at_target: bool, code: ExitCode) -> None:
    """A cancel that was too late on one host is no success: 6, what runs on each, and the commands that make them
    alike."""
    beside = [Beside(host="h-1", runs="1.0", at_target=at_target)]
    ends = [outcome("h-2", state)]
    reply = run_reply("cancel", [part("h-2")], ends, Path("kept"), asked_back=True, beside=beside)
    console = Console(file=io.StringIO(), width=200)
    reply.show(console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    assert reply.exit_code is code
    assert ("the hosts differ" in page) is (code is ExitCode.MIXED)
    if code is ExitCode.MIXED:
        assert "h-1: runs 1.0" in page
        assert f"--limit={'h-1' if at_target else 'h-2'}" in page


def test_what_is_prepared_says_how_it_goes_on() -> None:
    """Nothing was changed, and that is not all: both ways on are named."""
    prepares = part("h-1")
    prepares = replace(prepares, plan=replace(prepares.plan, task="prepare-db"))
    reply = run_reply("resume", [prepares], [outcome("h-1", "prepared")], Path("kept"))
    console = Console(file=io.StringIO(), width=200)
    reply.show(console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    assert reply.exit_code is ExitCode.DONE
    assert "restored and proven beside" in page
    assert "fab resume --run=20260101T000000Z-rollback-aaaa serves it" in page
    assert "fab cancel --run=20260101T000000Z-rollback-aaaa drops it" in page


def test_what_was_given_up_is_neither_resumed_nor_undone() -> None:
    """After it had begun to change things: a person is needed, and what is proposed works."""
    end = replace(outcome("h-1", "abandoned"), changed=True)
    reply = run_reply("attach", [part("h-1")], [end], Path("kept"))
    console = Console(file=io.StringIO(), width=200)
    reply.show(console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    assert reply.exit_code is ExitCode.MIXED
    assert "given up as it stood" in page
    assert "fab rollback --latest" in page
    assert "fab resume" not in page
    assert "fab undo" not in page


@pytest.mark.parametrize(
    ("state", "step", "words"),
    [
        ("done", "done", ["deploys are held from now on, until someone lifts it, when the mended version is there"]),
        ("done", "skipped", ["deploys stay held, as before: until when, says fab status"]),
        ("done", "failed", []),
        ("restored", "done", []),
    ],
)
def test_the_end_says_that_deploys_are_held(state: str, step: StepOutcome, words: list[str]) -> None:
    """Where they are: whose hold decides until when. Each time with the command that lifts it."""
    end = outcome("h-1", state, "hold-deploys")
    end = replace(end, steps=(replace(end.steps[0], outcome=step),))
    console = Console(file=io.StringIO(), width=200)
    run_reply("rollback", [part("h-1")], [end], Path("kept")).show(console)
    said = [line.strip() for line in console.file.getvalue().splitlines() if "held" in line]  # type: ignore[attr-defined]
    assert [line.startswith(one) for line, one in zip(said, words, strict=True)] == [True] * len(words)
    assert all(line.endswith(": fab unhold") for line in said)
