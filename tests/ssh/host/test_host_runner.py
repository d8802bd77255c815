"""What a run comes to, from its first line to its last state."""

from __future__ import annotations

import json

import pytest
from host_tools import tree
from rig import Rig
from rig_steps import failing, step

from hummii_ops.steps import Effect


def test_done(rig: Rig) -> None:
    """A plan whose steps all come to hold ends done, its files are new, and its lease is free again."""
    run = rig.new_run(rig.swap())
    followed = run.begin()
    assert (followed.code, followed.state, run.state()) == (0, "done", "done")
    assert rig.words() == ["new", "new"]
    assert run.said() == ["begin", "start put-a", "done put-a", "start put-b", "done put-b", "done"]
    assert rig.lease() is None
    assert not rig.busy()


def test_what_holds_is_skipped(rig: Rig) -> None:
    """A step that holds already is not made, and the journal says so."""
    plan = rig.swap()
    (rig.project / "a").write_text("new")
    run = rig.new_run(plan)
    assert run.begin().state == "done"
    assert run.said()[:2] == ["begin", "skipped put-a"]


def test_refused_before_any_change(rig: Rig) -> None:
    """A step that fails before the first change ends the run refused: nothing changed, the lease free."""
    plan = rig.swap()
    run = rig.new_run(rig.plan([failing("prepare", effect=Effect.PREPARES), *plan.forward], plan.back))
    before = tree(rig.project, ".hummii-ops")
    assert run.begin().state == "refused"
    assert tree(rig.project, ".hummii-ops") == before
    assert rig.lease() is None
    assert "back" not in run.said()


def test_refused_when_the_host_is_not_as_planned(rig: Rig) -> None:
    """If the host has moved since the plan was made, the run is refused before its first step."""
    run = rig.new_run(rig.swap(), ready=step("as-planned", ("exists", str(rig.project / "gone"))))
    assert run.begin().state == "refused"
    assert run.said() == ["begin", "refused"]
    assert rig.words() == ["old", "old"]
    assert rig.lease() is None


def test_restored(rig: Rig) -> None:
    """A step that fails after a change sends the run back: every file as it was, bytes and modes."""
    plan = rig.swap(failing())
    (rig.project / "a").chmod(0o640)
    (rig.project / "b").chmod(0o640)
    before = tree(rig.project, ".hummii-ops")
    run = rig.new_run(plan)
    assert run.begin().state == "restored"
    assert tree(rig.project, ".hummii-ops") == before
    assert rig.lease() is None
    assert (run.folder / "failed").read_text() == "fails\n"
    assert "told to fail" in (run.folder / "output.log").read_text()


def test_a_failed_act_gets_one_more_chance(rig: Rig) -> None:
    """A failed act is made once more before it is judged, and never a third time."""
    counter = rig.folder / "count"
    broken = step("broken", ("never",), ("count", str(counter)), effect=Effect.CHANGES)
    run = rig.new_run(rig.swap(broken))
    assert run.begin().state == "restored"
    assert counter.read_text() == "x\n" * 2
    assert [word for word in run.said() if "broken" in word] == ["start broken", "again broken", "failed broken"]


def test_a_failed_wait_is_not_repeated(rig: Rig) -> None:
    """A step that only looks has had its time: it is judged after one act."""
    counter = rig.folder / "count"
    look = step("look", ("never",), ("count", str(counter)), effect=Effect.READS)
    assert rig.new_run(rig.swap(look)).begin().state == "restored"
    assert counter.read_text() == "x\n"


def test_an_act_is_not_believed(rig: Rig) -> None:
    """An act that exits 0 without making the world so has failed; one that exits 1 but made it so has not."""
    liar = step("liar", ("never",), ("always",), effect=Effect.CHANGES)
    assert rig.new_run(rig.swap(liar)).begin().state == "restored"
    mark = rig.project / "made"
    rude = step("rude", ("exists", str(mark)), ("make_and_fail", str(mark)), effect=Effect.CHANGES)
    plan = rig.swap(rude)
    notes = dict(plan.notes) | {"lib/verbs/test2.sh": 'make_and_fail() ( : >"$1"; exit 3 )\n'}
    run = rig.new_run(type(plan)(**{**vars(plan), "notes": notes}))
    assert run.begin().state == "done"
    assert next(event.code for event in run.events() if event.kind == "done" and event.step == "rude") == 3


def test_mixed_keeps_the_lease_and_goes_back_again(rig: Rig) -> None:
    """When the way back fails too, the state is mixed and the lease stays; a resume goes back, never forward."""
    mended = rig.project / "mended"
    plan = rig.swap(failing())
    obstacle = step("obstacle", ("exists", str(mended)), ("cannot", "it"), effect=Effect.CHANGES)
    run = rig.new_run(rig.plan(plan.forward, [obstacle, *plan.back]))
    assert run.begin().state == "mixed"
    assert rig.lease() == run.id
    assert (run.folder / "failed").read_text() == "fails\n", (
        "what failed first decides, not what failed on the way back"
    )
    first = len(run.said())
    assert run.follow("again").state == "mixed"
    mended.touch()
    assert run.follow("again").state == "restored"
    assert rig.words() == ["old", "old"]
    later = run.events()[first:]
    assert {event.list for event in later if event.step} == {"back"}
    assert rig.lease() is None


def test_a_failed_record_does_not_undo_the_run(rig: Rig) -> None:
    """When only our own note cannot be written, the run is done, and the journal tells which note failed."""
    run = rig.new_run(rig.swap(failing("note-it", effect=Effect.RECORDS)))
    assert run.begin().state == "done"
    assert rig.words() == ["new", "new"]
    assert "failed note-it" in run.said()


def test_prepared(rig: Rig) -> None:
    """A plan that says so ends prepared: the first of two runs, its lease given back."""
    plan = rig.plan([rig.puts("a", "new", effect=Effect.PREPARES)])
    run = rig.new_run(type(plan)(**{**vars(plan), "notes": dict(plan.notes) | {"prepared": ""}}))
    assert run.begin().state == "prepared"
    assert rig.lease() is None


def test_a_step_has_a_limit(rig: Rig) -> None:
    """An act that overruns its limit is ended, recorded as 124, and judged by what holds."""
    slow = step("slow", ("never",), ("wait_until", str(rig.folder / "x")), effect=Effect.READS, limit_s=1)
    run = rig.new_run(rig.swap(slow))
    assert run.begin().state == "restored"
    assert next(event.code for event in run.events() if event.kind == "failed") == 124
    assert not rig.processes()


@pytest.mark.parametrize("project", ["with space", "quote'd", "dollar$HOME", "percent%s", "runs"])
def test_any_folder_name(dash_rig: Rig, project: str) -> None:
    """The project may live in a folder of any name."""
    dash_rig.folder = dash_rig.folder / project
    dash_rig.project.mkdir(parents=True)
    run = dash_rig.new_run(dash_rig.swap())
    assert run.begin().state == "done"
    assert dash_rig.words() == ["new", "new"]


HOSTILE = (
    "$(id)",
    "`id`",
    'it\'s "quoted"',
    "HUMMII_END",
    "back\\slash \\n %s %d %",
    "run=20990101T000000Z-rollback-0000",
    "a=b=c=",
    "ünïcødé ✓",
    "two\nlines",
    "; rm -rf /",
    "EOF",
)


def test_hostile_reasons(dash_rig: Rig) -> None:
    """A reason is kept as it was given, whatever is in it; only a line break becomes a space."""
    plan = dash_rig.swap()
    for reason in HOSTILE:
        run = dash_rig.new_run(plan, reason=reason)
        assert run.claim().exit_code == 0
        kept = f"reason={reason}".replace("\n", " ")
        assert kept in (dash_rig.home / "lease").read_text().splitlines()
        assert dash_rig.lease() == run.id
        assert dash_rig.call("give_back", run.id).exit_code == 0
    run = dash_rig.new_run(plan, reason=" ".join(HOSTILE))
    assert run.begin().state == "done"
    kept = f"reason={' '.join(HOSTILE)}".replace("\n", " ")
    assert kept in (run.folder / "about").read_text().splitlines()


def test_the_journal_is_whole_json(rig: Rig) -> None:
    """Every line that a runner writes is one JSON object with a time, a word and a place in the log."""
    run = rig.new_run(rig.swap(failing()))
    run.begin()
    lines = (run.folder / "journal.jsonl").read_text().splitlines()
    values = [json.loads(line) for line in lines]
    assert len(values) == len(run.events())
    assert [value["t"] for value in values] == sorted(value["t"] for value in values)
    assert all(set(value) == {"t", "ev", "list", "step", "code", "log"} for value in values)
    size = (run.folder / "output.log").stat().st_size
    assert all(0 <= value["log"] <= size for value in values)


def test_a_torn_line_spoils_no_other(dash_rig: Rig) -> None:
    """A journal that a power cut tore goes on in a line of its own."""
    run = dash_rig.new_run(dash_rig.swap()).sent()
    (run.folder / "state").write_text("forward\n")
    (run.folder / "journal.jsonl").write_text('{"t":1,"ev":"begin","list":"","step":"","code":null,"log":0}\n{"t":2,"e')
    assert run.follow("again").state == "done"
    assert run.said()[:2] == ["begin", "resumed"]
