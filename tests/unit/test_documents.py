"""Every JSON document keeps to its published schema, and each schema is one."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from made_runs import a_plan, a_state, a_step_result, an_outcome

from hummii_ops import errors, events
from hummii_ops.errors import HummiiError
from hummii_ops.facts.restore_points.record import parse_record
from hummii_ops.plans.plan import ChecklistItem
from hummii_ops.run.fleet import Part
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.reply.report import run_reply
from hummii_ops.telling.lines import document

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SAMPLES = sorted((Path(__file__).parent / "documents").glob("*.json"))


def schemas() -> dict[str, dict[str, Any]]:
    """Each published schema, by the `schema` of the documents that it describes."""
    found = {}
    for path in sorted((DOCS / "schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        kind = schema["properties"].get("schema", {})
        for name in kind.get("enum", [kind.get("const", schema["$id"])]):
            found[name] = schema
    return found


def strict(schema: Any) -> Any:
    """The same schema, that knows no keys but those it describes."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def assert_keeps_to_its_schema(document: dict[str, Any]) -> None:
    found = schemas()
    assert document["schema"] in found, f"{document['schema']} has no schema in docs/schemas"
    wrong = [
        f"{e.json_path}: {e.message}"
        for e in Draft202012Validator(strict(found[document["schema"]])).iter_errors(document)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_a_schema(name: str) -> None:
    """Each published schema is one, by its own rules."""
    Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_document_keeps_to_its_schema(path: Path) -> None:
    """Documents as they came from a run on the lab: every key is described, and every promised key is there."""
    assert_keeps_to_its_schema(json.loads(path.read_text(encoding="utf-8")))


OURS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HummiiError)]


@pytest.mark.parametrize("kind", OURS)
def test_an_error_keeps_to_its_schema(kind: type[HummiiError]) -> None:
    """Whatever goes wrong, it is one document of one form."""
    assert_keeps_to_its_schema(of_error(kind("what happened", remedy="what to do")).document())


NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
STATE = a_state("1.0")
PLAN = a_plan(
    environment="lab",
    host="lab-1",
    project="hummii",
    project_dir="/opt/hummii",
    left=STATE,
    target=STATE,
    checklist=(ChecklistItem(words="Report", steps=("report",)),),
)
STEP = a_step_result(
    id="replace-api", title="api", host="lab-1", outcome="failed", reason="no", started_at=NOW, elapsed_s=1.0
)
OUTCOME = an_outcome(
    run_id="20260115T103000Z-rollback-1a2b",
    host="lab-1",
    steps=(STEP, replace(STEP, outcome="skipped", started_at=None, elapsed_s=None)),
    outage_s=None,
    outage_reason="the health URL was not sampled",
    ended_at=NOW,
)


@pytest.mark.parametrize("kind", ["rollback", "undo", "attach", "resume", "cancel"])
@pytest.mark.parametrize("state", ["done", "restored", "refused", "abandoned", "mixed", "forward", "back"])
def test_the_end_of_a_run_keeps_to_its_schema(kind: str, state: str) -> None:
    """However a run ends, whichever task saw it."""
    part = Part(**dict.fromkeys(Part.__dataclass_fields__) | {"plan": PLAN})  # type: ignore[arg-type]
    reply = run_reply(kind, [part], [replace(OUTCOME, state=state)], Path("runs"))
    assert_keeps_to_its_schema(json.loads(json.dumps(reply.document(), default=str)))


def test_a_plan_keeps_to_its_schema() -> None:
    """Also one without steps."""
    plans = [PLAN.as_json() | {"plan_id": PLAN.digest}]
    head = {"schema": "hummii-ops/dry-run/v1", "exit_code": 0, "verdict": "pass"}
    assert_keeps_to_its_schema(json.loads(json.dumps(head | {"plans": plans})))


def test_a_record_that_is_read_keeps_to_its_schema() -> None:
    """record.json as published is what the parser takes."""
    sha = "0" * 64
    service = {"ref": "hummii-api:1.0", "image_id": f"sha256:{sha}", "digest": None, "config_hash": sha}
    record = {
        "schema": "hummii-ops/release/v1",
        "at": NOW.isoformat(),
        "reason": "before 1.1",
        "who": "you@laptop",
        "compose_sha256": sha,
        "services": {"api": service},
        "files": {".env": sha},
        "version": "1.0",
        "identity": sha,
    }
    assert_keeps_to_its_schema(record)
    assert parse_record(json.dumps(record)).version == "1.0"


def test_every_document_is_published() -> None:
    """Each kind of document that a task can print has a schema, and a line in the list of documents."""
    kinds = set()
    for path in (ROOT / "hummii_ops" / "tasks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Reply"):
                kinds |= {k.value.value for k in node.keywords if k.arg == "kind" and isinstance(k.value, ast.Constant)}
    listed = (DOCS / "reference" / "documents.md").read_text(encoding="utf-8")
    assert kinds
    assert not {kind for kind in kinds if f"hummii-ops/{kind}/v1" not in schemas()}
    assert not {kind for kind in kinds if f"hummii-ops/{kind}/v1" not in listed}


def test_an_event_keeps_to_its_schema() -> None:
    """As --format=jsonl prints it, whatever happened."""
    for kind in get_args(events.Kind):
        event = events.Event(at=NOW, run_id="20260115T103000Z-rollback-1a2b", host="lab-1", kind=kind)
        assert_keeps_to_its_schema(document(PLAN, event))
