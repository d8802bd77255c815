"""Each verb alone: "is" after "make" is true, "make" twice is once, and "is" says no when the world is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from verb_world import ABOUT, MERGED, Words, World, env_files, live, sha

Wrong = Callable[[World], object]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A pair of verbs on a file NAME of the project; what to prepare, and ways in which the world can be wrong."""

    name: str
    holds: Callable[[World], Words]
    act: Callable[[World], Words]
    prepare: Callable[[World], object] = lambda world: None
    wrong: dict[str, Wrong] = field(default_factory=dict)


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


VERBS = [
    Verb(
        name="put_file",
        prepare=lambda world: world.text("target/x", "new"),
        holds=lambda world: ("file_is", str(live(world)), sha("new")),
        act=lambda world: ("put_file", "target/x", str(live(world)), "640"),
        wrong={
            "other bytes": lambda world: live(world).write_text("old"),
            "longer": lambda world: live(world).write_text("new\n"),
            "gone": lambda world: live(world).unlink(),
            "a folder": lambda world: replaced_by_a_folder(live(world)),
        },
    ),
    Verb(
        name="put_file as",
        prepare=lambda world: world.text("before/x", "old"),
        holds=lambda world: ("file_as", str(live(world)), "before/x"),
        act=lambda world: ("put_file", "before/x", str(live(world)), "600"),
        wrong={
            "other bytes": lambda world: live(world).write_text("new"),
            "gone": lambda world: live(world).unlink(),
            "the copy gone": lambda world: (world.folder / "before/x").unlink(),
        },
    ),
    Verb(
        name="keep_file",
        prepare=lambda world: live(world).write_text("kept"),
        holds=lambda world: ("file_kept", "before/conf/x", sha("kept")),
        act=lambda world: ("keep_file", str(live(world)), "before/conf/x"),
        wrong={
            "other bytes": lambda world: world.text("before/conf/x", "other"),
            "gone": lambda world: (world.folder / "before/conf/x").unlink(),
            "a folder": lambda world: replaced_by_a_folder(world.folder / "before/conf/x"),
        },
    ),
    Verb(
        name="remove_file",
        prepare=lambda world: live(world).write_text("x"),
        holds=lambda world: ("file_gone", str(live(world))),
        act=lambda world: ("remove_file", str(live(world))),
        wrong={"there again": lambda world: live(world).write_text("")},
    ),
    Verb(
        name="merge_env",
        prepare=env_files,
        holds=lambda world: ("env_merged", *MERGED),
        act=lambda world: ("merge_env", *MERGED),
        wrong={
            "another value today": lambda world: world.text("before/.env", "KEEP=newer\n"),
            "another value then": lambda world: world.text("target/.env", "A=2\n"),
            "a line more": lambda world: world.text("target/.env.merged", "A=1\n"),
            "empty": lambda world: world.text("target/.env.merged", ""),
            "gone": lambda world: (world.folder / "target/.env.merged").unlink(),
        },
    ),
    Verb(
        name="put_mark",
        prepare=lambda world: world.text("mark.about", ABOUT),
        holds=lambda world: ("mark_is", "abc", "bad"),
        act=lambda world: ("put_mark", "abc", "bad", "mark.about"),
        wrong={
            "another mark": lambda world: (world.home / "marks/abc").write_text("mark=good\n"),
            "no mark": lambda world: (world.home / "marks/abc").unlink(),
            "half a word": lambda world: (world.home / "marks/abc").write_text("mark=badly\n"),
        },
    ),
    Verb(
        name="restore_mark",
        prepare=lambda world: world.text("mark.before", "mark=good\nrun=earlier\n"),
        holds=lambda world: ("mark_was", "abc", "mark.before"),
        act=lambda world: ("restore_mark", "abc", "mark.before"),
        wrong={
            "another mark": lambda world: (world.home / "marks/abc").write_text("mark=bad\n"),
            "no mark": lambda world: (world.home / "marks/abc").unlink(),
        },
    ),
    Verb(
        name="restore_mark to none",
        holds=lambda world: ("mark_was", "abc", "-"),
        act=lambda world: ("restore_mark", "abc", "-"),
        prepare=lambda world: world.rig.call("write", "marks/abc", about="mark=bad\n"),
        wrong={"a mark": lambda world: (world.home / "marks/abc").write_text("mark=good\n")},
    ),
    Verb(
        name="put_hold",
        prepare=lambda world: world.text("mark.about", ABOUT),
        holds=lambda world: ("is_held",),
        act=lambda world: ("put_hold", "mark.about"),
        wrong={"gone": lambda world: (world.home / "hold").unlink()},
    ),
    Verb(
        name="remove_hold",
        prepare=lambda world: world.rig.call("write", "hold", about="run=earlier\n"),
        holds=lambda world: ("hold_gone", "earlier"),
        act=lambda world: ("remove_hold", "earlier"),
        wrong={"there again": lambda world: (world.home / "hold").write_text("run=earlier\n")},
    ),
    Verb(
        name="ask_gate",
        holds=lambda world: ("gate_says", "outside", "go", "keep"),
        act=lambda world: ("ask_gate", "outside", "0", "keep"),
        wrong={
            "another answer": lambda world: world.text("gates/outside", "back\n"),
            "half an answer": lambda world: world.text("gates/outside", "g"),
            "an empty answer": lambda world: world.text("gates/outside", ""),
            "no answer": lambda world: (world.folder / "gates/outside").unlink(),
        },
    ),
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_contract(world: World, verb: Verb) -> None:
    """Not so before; so after it is made; made twice is made once; each single wrong in the world is seen."""
    verb.prepare(world)
    holds, act = verb.holds(world), verb.act(world)
    assert not world.holds(*holds)
    assert world.act(*act) == 0
    assert world.holds(*holds)
    once = world.tree()
    assert world.act(*act) == 0
    assert world.tree() == once
    right = world.rig.folder / "right"
    shutil.copytree(world.project, right)
    for what, wrong in verb.wrong.items():
        wrong(world)
        assert not world.holds(*holds), what
        shutil.rmtree(world.project)
        shutil.copytree(right, world.project)
        assert world.holds(*holds)
    assert not [name for name in world.tree() if name.endswith(".new")], "nothing is left beside"
