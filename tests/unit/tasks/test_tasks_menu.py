"""The menu: each task stands where it says, and a call loads what it names and nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from invoke.collection import Collection

from hummii_ops.tasks import menu

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", menu.MODULES)
def test_a_module_holds_the_tasks_that_the_menu_says(name: str) -> None:
    module, found = import_module(name), Collection()
    for task in getattr(module, "ALL", ()):
        found.add_task(task)
    if hasattr(module, "namespace"):
        found.add_collection(module.namespace)
    held = {one for task, aliases in found.task_names.items() for one in (task, *aliases)}
    assert held == set(menu.MODULES[name])


def test_every_module_with_tasks_is_on_the_menu() -> None:
    found = (ROOT / "hummii_ops/tasks").rglob("*.py")
    modules = {".".join(one.relative_to(ROOT).with_suffix("").parts) for one in found}
    giving = {one for one in modules if hasattr(import_module(one), "ALL") or hasattr(import_module(one), "namespace")}
    assert giving == {one for one in menu.MODULES if one.startswith("hummii_ops.")}


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        (["rollback", "--latest"], {"rollback"}),
        (["status", "verify"], {"status", "verify"}),
        (["backups"], {"releases"}),
        (["config.check"], {"config.check"}),
        (["--help", "undo"], {"undo"}),
    ],
)
def test_a_call_collects_what_it_names(words: list[str], loaded: set[str]) -> None:
    found = set(menu.collect(words).task_names)
    assert loaded <= found
    assert "rollback" in loaded or "rollback" not in found


@pytest.mark.parametrize("words", [[], ["--list"], ["rolback"], ["--complete", "--", "rollback"]])
def test_a_list_a_mistake_and_a_completion_collect_all(words: list[str]) -> None:
    found = {one for task, aliases in menu.collect(words).task_names.items() for one in (task, *aliases)}
    assert found == set(menu.names())


def test_a_rollback_loads_no_other_task() -> None:
    code = "import sys; sys.argv = ['fab', 'rollback']; import fabfile; "
    code += "print('hummii_ops.tasks.setup.init' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "False\n", done.stderr


def test_the_nearest_name_is_found_among_all_tasks() -> None:
    fab = [str(Path(sys.executable).with_name("fab")), "status", "verfy"]
    done = subprocess.run(fab, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, "nearest: verify" in done.stderr) == (2, True), done.stderr
