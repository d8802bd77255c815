"""The documentation tells the truth: made pages are fresh, and what is named exists."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from hummii_ops.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "lab").glob("*.md")})
FAB = re.compile(r"\bfab ([a-z][a-z.-]*)((?: +--?[a-z-]+(?:=(?:\"[^\"]*\"|[^\s`\"]+))?)*)")


def load(name: str) -> ModuleType:
    """A program of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_made_pages_are_fresh() -> None:
    """What the reference says is what the code says; `python docs/generate.py` mends it."""
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_pictures_are_what_was_recorded() -> None:
    """No picture was touched by hand after it was drawn."""
    picture = load("picture")
    for kept in (DOCS / "images").glob("*.ansi"):
        drawn = picture.draw(kept.read_text(encoding="utf-8"), title="hummii-ops")
        assert drawn == kept.with_suffix(".svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("printed", "stays"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("wait…\r\x1b[2Kdone\n", ["done"]),
        ("a\nb\n\x1b[1A\x1b[2Kc\n", ["a", "c"]),
        ("\x1b[31mred\x1b[0m\x1b[?25l\n", ["\x1b[31mred\x1b[0m"]),
    ],
)
def test_a_picture_shows_what_stays_on_the_screen(printed: str, stays: list[str]) -> None:
    """Signs of life that were wiped are not in the picture; colours are."""
    assert load("picture").screen(printed) == stays


@cache
def flags() -> dict[str, dict[str, str | None]]:
    """The flags of every task with their help, by each of its names. Asked once: Invoke gives a help text only once."""
    namespace = load("generate").menu.collect(())
    found: dict[str, dict[str, str | None]] = {}
    for name, aliases in namespace.task_names.items():
        helps = {"--" + str(one.name).strip("_").replace("_", "-"): one.help for one in namespace[name].get_arguments()}
        found |= dict.fromkeys((name, *aliases), helps)
    return found


def commands() -> Iterator[tuple[Path, str, list[str]]]:
    for path in PAGES:
        for task, words in FAB.findall(path.read_text(encoding="utf-8")):
            yield path, task, [word.split("=")[0] for word in shlex.split(words)]


def test_every_command_in_the_documentation_exists() -> None:
    """A reader can type what stands there: the task and its flags are real."""
    found = list(commands())
    wrong = [f"{path.relative_to(ROOT)}: fab {task}" for path, task, _ in found if task.rstrip(".") not in flags()]
    wrong += [
        f"{path.relative_to(ROOT)}: fab {task} {word}"
        for path, task, words in found
        for word in words
        if task in flags() and word not in flags()[task]
    ]
    assert found
    assert not wrong, "\n".join(wrong)


def test_every_flag_has_help() -> None:
    """`fab --help TASK` leaves no flag unexplained."""
    silent = [f"{task} {flag}" for task, helps in flags().items() for flag, help_ in helps.items() if not help_]
    assert not silent


def test_the_tasks_that_print_events_are_listed() -> None:
    """Those with --format=jsonl: all of them, and no other."""
    page = (DOCS / "reference" / "documents.md").read_text(encoding="utf-8")
    listed = re.search(r"With `--format=jsonl` .*?: (.*?)\.\n", page, flags=re.DOTALL)
    assert listed
    have = {task for task, helps in flags().items() if "jsonl" in (helps.get("--format") or "")}
    assert set(re.findall(r"`([a-z.-]+)`", listed[1])) == have


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link to a file finds it, and a link to a heading finds that."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, heading = target.partition("#")
        if not target.startswith("https://"):
            there = (path.parent / name).resolve() if name else path
            assert there.exists(), target
            if heading:
                assert heading in anchors(there.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_dependency_is_accounted_for() -> None:
    """Each has its line, with a licence and a reason."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=~! \[]", one)[0] for one in wanted}
    page = (DOCS / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert names == set(re.findall(r"^\| ([a-z.-]+) \| [A-Z]", page, flags=re.MULTILINE))


def test_every_exit_code_is_on_the_page_for_the_night() -> None:
    """Each code that a run can end with is in the README, on the 3 a.m. page and in the reference."""
    night = (DOCS / "3am.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    for code in ExitCode:
        assert re.search(rf"^\| \**{int(code)}\** \|", night, flags=re.MULTILINE), code
        assert re.search(rf"(^\||·)[ \d·]*\**\b{int(code)}\b", readme, flags=re.MULTILINE), code


def test_the_page_for_the_night_is_one_screen() -> None:
    """Nobody scrolls at 3 a.m."""
    assert len((DOCS / "3am.md").read_text(encoding="utf-8").splitlines()) <= 45
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
