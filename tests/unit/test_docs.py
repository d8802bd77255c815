"""The documentation tells the truth: made pages are fresh, documents keep to their schemas, what is named exists."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from made_runs import a_plan, a_state, a_step_result, an_outcome

from hummii_ops import errors, events
from hummii_ops.errors import ExitCode, HummiiError
from hummii_ops.facts.restore_points.record import parse_record
from hummii_ops.plans.plan import ChecklistItem
from hummii_ops.run.fleet import Part
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.reply.report import run_reply
from hummii_ops.telling.lines import document

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SAMPLES = sorted((Path(__file__).parent / "documents").glob("*.json"))
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


def test_an_event_keeps_to_its_schema() -> None:
    """As --format=jsonl prints it, whatever happened."""
    for kind in get_args(events.Kind):
        event = events.Event(at=NOW, run_id="20260115T103000Z-rollback-1a2b", host="lab-1", kind=kind)
        assert_keeps_to_its_schema(document(PLAN, event))


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
