"""What a run came to, told from its plan, its journal and what it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from made_runs import a_plan

from hummii_ops.errors import ExitCode
from hummii_ops.events import Event
from hummii_ops.run.outage import outage
from hummii_ops.run.outcome import Outcome, of
from hummii_ops.steps import Effect, Step

START = datetime(2026, 1, 1, tzinfo=UTC)


def step(step_id: str, effect: Effect = Effect.CHANGES) -> Step:
    return Step(id=step_id, title=f"title of {step_id}", effect=effect, limit_s=5, holds=("x",), act=("x",))


PLAN = a_plan(
    forward=(step("keep", Effect.PREPARES), step("put"), step("look", Effect.READS), step("note", Effect.RECORDS)),
    back=(step("return"), step("proven", Effect.READS)),
    probe_url="http://127.0.0.1/",
)


def events(*words: str) -> tuple[Event, ...]:
    """`kind[:list/step[:code[:log]]]`, a second apart."""
    made = []
    for at, word in enumerate(words):
        kind, place, code, log = (*word.split(":"), "", "", "")[:4]
        list_, _, name = place.partition("/")
        made.append(
            Event(
                at=START + timedelta(seconds=at),
                run_id="R",
                host="h",
                kind=kind,  # type: ignore[arg-type]
                list=list_,
                step=name,
                code=int(code) if code else None,
                log_offset=int(log) if log else 0,
            )
        )
    return tuple(made)


def outcome(state: str, said: Sequence[Event], left: Mapping[str, str] | None = None, log: bytes = b"") -> Outcome:
    return of(PLAN, "R", state, said, left or {}, log)


FORWARD = ("begin", "start:forward/keep", "done:forward/keep:0", "start:forward/put", "done:forward/put:0")


def test_done() -> None:
    """A run that is done has each step done or skipped, with its time, and exits 0."""
    told = outcome(
        "done", events(*FORWARD, "skipped:forward/look", "start:forward/note", "done:forward/note:0", "done")
    )
    assert [one.outcome for one in told.steps] == ["done", "done", "skipped", "done"]
    assert [one.elapsed_s for one in told.steps] == [1.0, 1.0, 0.0, 1.0]
    assert told.steps[2].reason == "it was already so"
    assert told.exit_code is ExitCode.DONE
    assert not told.is_unfinished
    assert (told.began_at, told.ended_at) == (START, START + timedelta(seconds=8))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("go\n", ExitCode.DONE),
        ("keep\n", ExitCode.DEGRADED),
        ("keep\ndefault\n", ExitCode.DEGRADED),
        ("", ExitCode.DONE),
    ],
)
def test_confirmed_or_not(answer: str, code: ExitCode) -> None:
    """A run that is done but was not confirmed from outside says so by its exit code."""
    told = outcome("done", events(*FORWARD, "done"), {"gates/outside": answer})
    assert told.exit_code is code
    assert told.by_default == ("default" in answer)


def test_a_failed_note() -> None:
    """A run that is done although one of our notes failed is degraded, and names the note."""
    told = outcome("done", events(*FORWARD, "start:forward/note", "failed:forward/note:1", "done"))
    assert told.exit_code is ExitCode.DEGRADED
    assert told.failed_step is not None
    assert told.failed_step.id == "note"


def test_restored() -> None:
    """A run that went back names the step that failed and what it said, and tells the steps of both lists."""
    log = b"noise\nfirst\nsecond\nthird\nfourth\nlater\n"
    said = events(
        *FORWARD, "start:forward/look::6", "failed:forward/look:1:32", "back",
        "start:back/return", "done:back/return:0", "skipped:back/proven", "restored",
    )  # fmt: skip
    told = outcome("restored", said, log=log)
    assert told.exit_code is ExitCode.RESTORED
    assert told.failed_step is not None
    assert (told.failed_step.id, told.failed_step.reason) == ("look", "second / third / fourth")
    assert [(one.list, one.outcome) for one in told.steps[3:]] == [
        ("forward", "not reached"), ("back", "done"), ("back", "skipped"),
    ]  # fmt: skip


def test_a_step_that_said_nothing() -> None:
    """Without words the exit code is the reason."""
    told = outcome("refused", events("begin", "start:forward/keep", "failed:forward/keep:124", "refused"))
    assert told.failed_step is not None
    assert told.failed_step.reason == "exit code 124"
    assert told.exit_code is ExitCode.REFUSED
    assert (told.outage_s, told.outage_reason) == (0.0, "nothing was changed")


@pytest.mark.parametrize(
    ("state", "code", "unfinished"),
    [
        ("refused", ExitCode.REFUSED, False),
        ("abandoned", ExitCode.REFUSED, False),
        ("mixed", ExitCode.MIXED, True),
        ("forward", ExitCode.MIXED, True),
        ("back", ExitCode.MIXED, True),
    ],
)
def test_other_ends(state: str, code: ExitCode, unfinished: bool) -> None:
    """Each state has its exit code; an interrupted run is unfinished."""
    told = outcome(state, events("begin"))
    assert (told.exit_code, told.is_unfinished) == (code, unfinished)


def test_interrupted_in_a_step() -> None:
    """A step that was begun and has no end is open; the next are not reached."""
    told = outcome("forward", events("begin", "start:forward/keep", "interrupted"))
    assert [one.outcome for one in told.steps] == ["open", "not reached", "not reached", "not reached"]


def test_no_events_at_all() -> None:
    """A journal of which nothing could be read makes an outcome without times, not a failure."""
    told = outcome("forward", ())
    assert (told.began_at, told.ended_at) == (None, None)


def test_cancelled() -> None:
    """A run that was cancelled says so."""
    assert outcome("abandoned", events("begin", "cancelled", "abandoned")).cancelled


def ms(seconds: float) -> int:
    return int(START.timestamp() * 1000 + seconds * 1000)


def samples(*points: tuple[float, str]) -> str:
    return "".join(f"{ms(at)} {ms(at) + 5} {code}\n" for at, code in points)


def measured(text: str, since_s: float = 0, until_s: float = 10) -> tuple[float | None, str | None]:
    return outage(text, since=START + timedelta(seconds=since_s), until=START + timedelta(seconds=until_s))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, "200"), (2, "200"), (9, "204")], 0.0),
        ([(0, "200"), (2, "502"), (3.5, "200")], 1.5),
        ([(3.5, "200"), (0, "200"), (2, "502")], 1.5),
        ([(0, "200"), (2, "000"), (2.1, "503"), (8, "200")], 6.0),
        ([(1, "502")], 9.0),
        ([(-5, "502"), (1, "200")], 1.0),
        ([(8, "502"), (12, "200")], 2.0),
        ([(2, "502"), (3, "200"), (4, "301"), (5, "200")], 2.0),
        ([(20, "502")], 0.0),
    ],
    ids=[
        "none",
        "one-gap",
        "out-of-order",
        "silence-counts",
        "never-again",
        "began-before",
        "ends-after",
        "two",
        "later",
    ],
)
def test_outage(points: list[tuple[float, str]], expected: float) -> None:
    """The seconds without a good answer, between the first change and the end."""
    assert measured(samples(*points)) == (expected, None)


@pytest.mark.parametrize("text", ["", "\n", "not a sample\n", "1 2\n", "x y 200\n", f"{10**30} 1 200\n"])
def test_no_samples(text: str) -> None:
    """Without a sample the outage is unknown, never zero."""
    seconds, why = measured(text)
    assert seconds is None
    assert why


def test_bad_samples_are_passed_over() -> None:
    """A torn sample costs itself alone."""
    assert measured("17\n\0\0\n" + samples((0, "200"), (2, "502")) + "12 \n" + samples((3, "200")) + "176")[0] == 1.0


def test_the_way_back_counts_as_outage() -> None:
    """What was down while a run went back is in its outage."""
    said = events(*FORWARD, "failed:forward/look:1", "back", "restored")
    told = outcome("restored", said, {"evidence/probe.txt": samples((0, "200"), (4, "502"), (6, "200"))})
    assert told.outage_s == 2.0
