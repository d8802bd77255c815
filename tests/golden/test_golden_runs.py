"""Runs that an older version left unfinished: today's laptop must still end them, by the runner that they carry.

tests/golden/runs/<version>/<name>/ is a run's folder as it lay on the host, with @PROJECT@ for the project's folder;
its lib/, the same for all of a version, stands beside.
A recorded run is never written anew. To record one of today's version: HUMMII_GOLDEN=record pytest tests/golden.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run import journal, outcome, ship
from hummii_ops.run.entry import script
from hummii_ops.steps import files
from hummii_ops.steps.services import Project
from hummii_ops.transport import LocalTransport

HERE = Path(__file__).parent / "runs"
VERSION = "0.1"
OLD, NEW = "services: old\n", "services: new\n"
RUN = "20260101T000000Z-rollback-cafe"
ABOUT = ship.About(run_id=RUN, task="rollback", who="ops@laptop", reason="why", since_ms=1767225600000, hosts=("h",))


def _plan() -> Plan:
    """A file goes to its new text, and back; no docker in it."""
    project, name = Project(name="p", dir="@PROJECT@", file="@PROJECT@/compose.yml"), "compose.yml"
    new, old = sha256(NEW.encode()).hexdigest(), sha256(OLD.encode()).hexdigest()
    state = StackState(label="1.1", identity=None, files={name: old}, modes={name: "644"}, services=())
    forward = (
        files.keep("target", project, name, "@PROJECT@/backup", new),
        files.keep("before", project, name, project.path(name), old),
        files.restore(project, name, f"target/{name}", "644"),
        files.proven(project, name, f"target/{name}"),
    )
    back = (files.restore(project, name, f"before/{name}", "644", back=True),)
    return Plan(
        task="rollback",
        environment="lab",
        host="h",
        project=project.name,
        project_dir=project.dir,
        left=state,
        target=state,
        forward=forward,
        back=back,
        expect="",
        expect_files=(),
    )


@dataclass(frozen=True)
class Old:
    """A recorded run: what its state was, and what one resume must come to."""

    name: str
    state: str
    ends: str
    text: str


CASES = (
    Old("interrupted-forward", "forward", "done", NEW),
    Old("interrupted-back", "back", "restored", OLD),
    Old("mixed", "mixed", "restored", OLD),
)


def _record(old: Old, version: Path) -> None:
    folder = version / old.name
    if folder.exists():
        return
    texts = ship.folder(_plan(), ABOUT)
    begun = [{"t": 1767225600000, "ev": "begin", "list": "", "step": "", "code": None, "log": 0}]
    if old.state != "forward":
        begun.append({"t": 1767225601000, "ev": "back", "list": "", "step": "", "code": None, "log": 0})
        texts |= {"before/compose.yml": OLD, "changed": "", "failed": f"{_plan().forward[2].id}\n"}
    texts["journal.jsonl"] = "".join(json.dumps(line) + "\n" for line in begun) + '{"t":17672256'  # torn by the crash
    texts |= {"state": f"{old.state}\n", "output.log": "", "gates/.keep": "", "facts/.keep": "", "evidence/.keep": ""}
    for name, text in texts.items():
        path = (version if name.startswith("lib/") else folder) / name
        assert not path.exists() or path.read_text(encoding="utf-8") == text, f"{path} is another version's"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("old", CASES, ids=[old.name for old in CASES])
def test_a_run_of_an_older_version_still_ends(old: Old, tmp_path: Path) -> None:
    """One resume ends it in exactly the new or the old state, and today's laptop can tell the story; today's too."""
    if os.environ.get("HUMMII_GOLDEN") == "record":
        _record(old, HERE / VERSION)
    today = tmp_path / "today"
    _record(old, today)
    recorded = sorted(path for path in HERE.iterdir() if (path / old.name).is_dir())
    assert recorded
    for number, version in enumerate((*recorded, today)):
        project = tmp_path / str(number)
        folder = project / ".hummii-ops" / "runs" / RUN
        shutil.copytree(version / old.name, folder)
        shutil.copytree(version / "lib", folder / "lib")
        for path in folder.rglob("*"):
            if path.is_file():
                path.write_text(path.read_text(encoding="utf-8").replace("@PROJECT@", str(project)), encoding="utf-8")
        (project / "compose.yml").write_text(NEW if old.state != "forward" else OLD, encoding="utf-8")
        (project / "backup").write_text(NEW, encoding="utf-8")
        (project / ".hummii-ops" / "lease").write_text(f"run={RUN}\n{ABOUT.lease_lines()}", encoding="utf-8")
        said: list[str] = []
        code = LocalTransport().stream(script(), f"{project}/.hummii-ops", "again", RUN, "0", on_line=said.append)
        assert (code, said[-1]) == (0, f"E {old.ends}")
        assert (project / "compose.yml").read_text(encoding="utf-8") == old.text
        assert not (project / ".hummii-ops" / "lease").exists()
        plan = Plan.from_json(json.loads((folder / "plan.json").read_text(encoding="utf-8")))
        lines = [line.removeprefix("J ") for line in said if line.startswith("J ")]
        told = outcome.of(plan, RUN, old.ends, journal.parse("\n".join(lines), run_id=RUN, host="h"), {}, b"")
        assert [step.outcome for step in told.steps if step.outcome in ("failed", "open")] == []
