"""The action and the workflows: what the linters of GitHub's world say, and when a rollback is begun at all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from expressions import condition, evaluate
from runner import ROOT, read_yaml

BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = (ROOT / "action.yml", *sorted((ROOT / ".github" / "actions").glob("*/action.yml")))
STEPS = [
    (path.parent.name + "/" + path.name, step)
    for path in (*ACTIONS, *WORKFLOWS)
    for job in (read_yaml(path).get("jobs") or {"runs": read_yaml(path).get("runs")}).values()
    for step in job.get("steps", [])
]


@pytest.mark.parametrize(
    "words",
    [
        ("jactionlint", "--shellcheck=shellcheck", *map(str, WORKFLOWS)),
        ("zizmor", "--offline", "--no-progress", "--min-severity=medium", *map(str, (*ACTIONS, *WORKFLOWS))),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS)),
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", *map(str, ACTIONS)),
    ],
    ids=["jactionlint", "zizmor", "workflow schema", "action schema"],
)
def test_the_linters_find_nothing(words: tuple[str, ...]) -> None:
    """jactionlint with shellcheck, zizmor at medium and above, and the published schemas."""
    done = subprocess.run([str(BIN / words[0]), *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linters_would_find_something(tmp_path: Path) -> None:
    """They are at work: an expression in a script, and shell that splits words, are found."""
    wrong = tmp_path / ".github" / "workflows" / "wrong.yml"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(
        "name: a\non: {pull_request: {}}\npermissions: {}\nconcurrency: a\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        "    timeout-minutes: 1\n    steps:\n      - run: |\n          echo ${{ github.event.pull_request.title }}\n"
        "          ls $(pwd)\n"
    )
    found = {"zizmor --offline --no-progress": "template-injection", "jactionlint": "SC2046"}
    for command, said in found.items():
        words = [str(BIN / command.split()[0]), *command.split()[1:], str(wrong)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode != 0
        assert said in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "step"), STEPS, ids=[f"{name}: {step['name']}" for name, step in STEPS])
def test_a_step_is_tame(name: str, step: dict[str, object]) -> None:
    """No expression in a script's text; every action of others at a whole commit."""
    assert "${{" not in str(step.get("run", ""))
    uses = str(step.get("uses", "$/"))
    assert uses.startswith("$/") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), f"{name}: {uses}"


def test_a_rollback_cannot_be_dropped() -> None:
    """Queues keep all that wait, and cancel nothing; the rollback's is its own, or it would wait for its own deploy."""
    rollback = read_yaml(ROOT / ".github/workflows/rollback-on-failure.yml")["jobs"]["rollback"]["concurrency"]
    deploy = read_yaml(ROOT / ".github/workflows/example-deploy.yml")["concurrency"]
    for one in (rollback, deploy):
        assert one["queue"] == "max"
        assert one["cancel-in-progress"] is False
    assert rollback["group"] != deploy["group"]


CASES = [
    # the deploy's result, touched as it is said; is the job of the rollback run?
    *((result, touched, True) for result in ("failure", "cancelled") for touched in ("auto", "true", "unknown")),
    *((result, "false", False) for result in ("failure", "cancelled")),
    *(
        (result, touched, False)
        for result in ("success", "skipped")
        for touched in ("auto", "true", "false", "unknown")
    ),
    ("", "", False),  # a result that is empty by mistake
]


@pytest.mark.parametrize(("result", "touched", "runs"), CASES)
def test_when_the_rollback_job_runs(result: str, touched: str, runs: bool) -> None:
    """As GitHub evaluates its `if`, whether or not something before it failed or was cancelled."""
    job = read_yaml(ROOT / ".github/workflows/rollback-on-failure.yml")["jobs"]["rollback"]
    for well in (True, False):
        status = {"always": lambda: True, "success": lambda ok=well: ok}
        inputs = {"result": result, "touched": touched, "reason": ""}
        assert condition(job["if"], {"inputs": inputs}, status) is runs
        by_hand = inputs | {"result": "", "reason": "it is slow"}
        assert condition(job["if"], {"inputs": by_hand}, status) is True


@pytest.mark.parametrize(
    ("result", "runs"), [("failure", True), ("cancelled", True), ("success", False), ("skipped", False)]
)
def test_when_the_deploy_calls_it(result: str, runs: bool) -> None:
    """The example calls it for a deploy that failed, and for one that was cancelled half-way."""
    job = read_yaml(ROOT / ".github/workflows/example-deploy.yml")["jobs"]["rollback"]
    status = {"always": lambda: True, "success": lambda: result == "success"}
    assert condition(job["if"], {"needs": {"deploy": {"result": result}}}, status) is runs


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("inputs.a || 'x'", "x"),
        ("inputs.b && 'yes' || 'no'", "yes"),
        ("'A' == 'a'", True),
        ("inputs.none == ''", True),
        ("!inputs.none", True),
        ('contains(fromJSON(\'["failure","cancelled"]\'), inputs.b)', True),
        ("contains('abc', 'B') && (1 == 2 || 'it''s')", "it's"),
    ],
)
def test_expressions_mean_what_github_says(source: str, value: object) -> None:
    """The evaluator of these tests, on cases from GitHub's documentation."""
    assert evaluate(source, {"inputs": {"a": "", "b": "failure"}}, {}) == value
