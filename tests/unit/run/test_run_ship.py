"""What is sent to a host: every word quoted once, whole, and the same each time."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import a_plan

from hummii_ops.plans.plan import Plan
from hummii_ops.run import ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect, Step

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30)
HOSTILE = (
    "$(id)",
    "`id`",
    "it's",
    '"',
    "\\",
    "%s",
    "*",
    "~",
    "; id",
    "a b",
    "",
    "-n",
    "#",
    "!",
    "{a,b}",
    "ü✓",
    "HUMMII_END",
)
ABOUT = ship.About(run_id="R-1", task="rollback", who="a@b", reason="why", since_ms=1, hosts=("h",))


def step(step_id: str, *words: str) -> Step:
    return Step(id=step_id, title="-", effect=Effect.CHANGES, limit_s=5, holds=("say", *words), act=("say", *words))


def plan(*forward: Step) -> Plan:
    return a_plan(forward=forward, expect="file a -\n", expect_files=("a",), notes={"note": "text\n"})


def said(shell: str, text: str, which: str) -> list[str]:
    program = f"say() {{ for word; do printf '%s\\0' \"$word\"; done; }}\n{text}{which}\n"
    out = subprocess.run([shell], input=program.encode(), capture_output=True, check=True).stdout
    return [word.decode() for word in out.split(b"\0")[:-1]]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_hostile_words(shell: str) -> None:
    """A word arrives at its verb as it was, whatever it holds."""
    text = ship.render(step("s", *HOSTILE))
    assert said(shell, text, "holds") == list(HOSTILE)
    assert said(shell, text, "act") == list(HOSTILE)


@settings(max_examples=40, deadline=None)
@given(st.lists(PRINTABLE, max_size=5))
def test_any_words(words: list[str]) -> None:
    """No printable word is changed on its way into a step."""
    assert said("sh", ship.render(step("s", *words)), "act") == words


def test_a_step_file_holds_two_calls() -> None:
    """A step's file defines holds and act, each one call, and nothing else."""
    for one in (step("s", *HOSTILE), step("t")):
        assert re.fullmatch(r"holds\(\) \{ say( .*)?; \}\nact\(\) \{ say( .*)?; \}\n", ship.render(one))


@given(st.text(max_size=40))
def test_lines_stay_lines(value: str) -> None:
    """A value becomes one line, and cannot add a line of its own."""
    text = ship.lines({"reason": value, "run": "R"})
    assert text.count("\n") == 2
    assert text.splitlines() == [text.split("\n")[0], "run=R"] if value.isprintable() else True
    assert text.startswith("reason=")


def test_the_manifest_covers_everything(tmp_path: Path) -> None:
    """sha256sum accepts the folder as shipped, every file is in its manifest, and a changed byte is noticed."""
    texts = ship.folder(plan(step("one", "a"), step("two", "b")), ABOUT)
    packed = base64.b64decode(ship.pack(texts))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(tmp_path, filter="data")
    check = ["sha256sum", "--strict", "--quiet", "-c", "manifest"]
    subprocess.run(check, cwd=tmp_path, check=True)
    listed = {line.split("  ", 1)[1] for line in texts["manifest"].splitlines()}
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert listed | {"manifest"} == there == set(texts)
    (tmp_path / "forward/one.sh").write_text("holds() { rm -rf /; }\n")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_the_lists_are_what_the_runner_reads() -> None:
    """A list is a line a step, "id limit effect", in the plan's order; each step has its file."""
    texts = ship.folder(plan(step("one"), step("two")), ABOUT)
    assert texts["forward.list"] == "one 5 changes\ntwo 5 changes\n"
    assert texts["back.list"] == ""
    assert {"forward/one.sh", "forward/two.sh", "ready/as-planned.sh", "note", "plan.json", "about"} <= set(texts)


def test_packing_is_the_same_each_time() -> None:
    """The same folder gives the same text, whatever order its files come in."""
    texts = ship.folder(plan(step("one")), ABOUT)
    assert ship.pack(texts) == ship.pack(dict(reversed(texts.items())))


def test_a_run_id() -> None:
    """Ids sort by time, hold nothing that a path or a shell could mistake, and two of one second differ."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first, second = ship.new_run_id("rollback-db", now), ship.new_run_id("rollback-db", now)
    assert re.fullmatch(r"20260102T030405Z-rollback-db-[0-9a-f]{4}", first)
    assert first.rsplit("-", 1)[0] == second.rsplit("-", 1)[0]
    assert len({ship.new_run_id("rollback", now) for _ in range(20)}) > 10


@pytest.mark.parametrize("text", ["HUMMII_END", "a\nHUMMII_END\nid\n"])
def test_the_end_mark_cannot_be_sent(text: str) -> None:
    """A text that would end its own envelope is refused before anything is sent."""
    with pytest.raises(ValueError, match="mark"):
        script(about=text)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_texts_travel_as_they_are(shell: str) -> None:
    """What is sent along arrives byte for byte, whatever a shell could see in it."""
    about = ship.lines({f"k{at}": word for at, word in enumerate(HOSTILE)})
    program = script(about=about).replace('main "$@"', "about")
    assert subprocess.run([shell], input=program.encode(), capture_output=True, check=True).stdout.decode() == about
