"""How a watch ends: its exit code, and the word for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hummii_ops.errors import ExitCode
from hummii_ops.inventory import load
from hummii_ops.tasks.frame import Reply
from hummii_ops.tasks.watch import reply_of
from hummii_ops.tasks.watch_acts import Story, call
from hummii_ops.telling.outbox import Outbox


def story(**otherwise: object) -> Story:
    told = Story(kept=Path("looks.jsonl"), looks=6, last="well")
    for name, value in otherwise.items():
        setattr(told, name, value)
    return told


def run(code: ExitCode) -> Reply:
    return Reply(kind="rollback", body={"run_id": "R"}, exit_code=code)


@pytest.mark.parametrize(
    ("told", "end", "code"),
    [
        (story(), "well", 0),
        (story(last="settling"), "inconclusive", 10),
        (story(last="ill", ill=2), "inconclusive", 10),
        (story(unseen=3), "inconclusive", 10),
        (story(unseen=2), "well", 0),
        (story(called="a rollback would not help"), "needs-a-person", 7),
        (story(run=run(ExitCode.DONE)), "rolled-back", 5),
        (story(run=run(ExitCode.DONE), called="first"), "rolled-back", 5),
        (story(run=run(ExitCode.DEGRADED)), "rolled-back", 7),
        (story(run=run(ExitCode.RESTORED), called="it did not hold"), "needs-a-person", 7),
        (story(run=run(ExitCode.MIXED), called="it did not hold"), "needs-a-person", 6),
    ],
)
def test_an_exit_code_does_not_lie(told: Story, end: str, code: int) -> None:
    """Well only if most looks were made, and the last was good; a job that was rolled back is not green."""
    assert (told.end, int(told.exit_code)) == (end, code)


ROOT = Path(__file__).parents[3]
INVENTORY = """\
environments:
  production:
    hosts: [{name: prod-1, address: 127.0.0.1}]
    notify: {channels: [{kind: static-page, name: page, folder: page}]}
"""


def test_a_person_is_called_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the channels, with why and what to do; a second breach of the same watch calls nobody again."""
    (tmp_path / "page").mkdir()
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    monkeypatch.setenv("HUMMII_INVENTORY", str(tmp_path / "inventory.yml"))
    environment, told = load(tmp_path / "inventory.yml").choose("production"), story()
    call(told, environment, "it is the host: no CPU", "fab verify")
    call(told, environment, "it is the host: no CPU at all", "fab verify")
    (folder,) = (tmp_path / ".hummii-ops" / "runs").iterdir()
    (note,) = Outbox(folder).notes()
    assert (note.kind, note.facts["result"], note.facts["next"]) == (
        "needs-person",
        "it is the host: no CPU",
        "Next: fab verify",
    )
    assert [one["kind"] for one in told.turns] == ["needs-a-person"]
    assert "People are at work on it" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "told", [story(), story(run=run(ExitCode.DONE)), story(called="why", next_command="fab status")]
)
def test_the_document_keeps_to_its_schema(told: Story, tmp_path: Path) -> None:
    """Whatever came of it; it names nothing that the schema does not describe."""
    schema = json.loads((ROOT / "docs/schemas/watch.schema.json").read_text(encoding="utf-8"))
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    told.note("settling", "settling")
    document = reply_of(load(tmp_path / "inventory.yml").choose("production"), "auto", told).document()
    Draft202012Validator(schema | {"additionalProperties": False}).validate(json.loads(json.dumps(document)))
