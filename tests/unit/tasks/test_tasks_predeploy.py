"""fab predeploy as a process: gates, waivers and exit codes, with GitHub on loopback and the reports of real tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from runner import ROOT, parse_outputs
from stand_in import SHA, TOKEN, StandIn, serving

from hummii_ops.inventory import Environment
from hummii_ops.predeploy.staging import evidence
from hummii_ops.tasks.call.session import in_a_job

REPORTS = ROOT / "tests" / "unit" / "predeploy" / "reports"
INVENTORY = """
environments:
  production:
    hosts: [{name: prod-1, address: 127.0.0.1, port: 1}]
    predeploy:
      gates: [tests, security, performance, staging]
      required: [test]
      repository: hummii/shop
"""


def predeploy(folder: Path, server: StandIn, *words: str, more: str = "") -> tuple[int, dict[str, Any], dict[str, str]]:
    """Exit code, document and outputs."""
    (folder / "inventory.yml").write_text(INVENTORY + more, encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HUMMII_", "GITHUB_"))}
    env |= {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": server.url, "HUMMII_INVENTORY": str(folder / "inventory.yml")}
    env |= {"GITHUB_OUTPUT": str(folder / "out"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}", "predeploy", "--env=production"]
    done = subprocess.run([*fab, "--format=json", *words], cwd=folder, env=env, capture_output=True, text=True)
    assert TOKEN not in done.stdout + done.stderr
    assert done.stdout, done.stderr
    outputs = parse_outputs((folder / "out").read_text()) if (folder / "out").exists() else {}
    return done.returncode, json.loads(done.stdout), outputs


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Flags with which every gate but `tests` passes."""
    from datetime import UTC, datetime

    digest = "sha256:" + "a" * 64
    said = evidence(
        sha=SHA,
        environment="staging",
        version="1.1",
        images={"api": [digest]},
        verdict="pass",
        looks={},
        who="ci",
        at=datetime.now(UTC),
        good_for_h=24,
        key=None,
    )
    (tmp_path / "staging.json").write_text(json.dumps(said))
    (tmp_path / "clean.sarif").write_text(json.dumps({"version": "2.1.0", "runs": []}))
    summary = tmp_path / "k6.json"
    summary.write_text((REPORTS / "k6-summary.json").read_text())
    files = ["--audit=clean.sarif", "--performance=k6.json", "--staging=staging.json"]
    return [f"--sha={SHA}", f"--image={digest}", *files]


def test_a_commit_that_may_be_deployed(tmp_path: Path, given: list[str]) -> None:
    """All gates pass: 0; a document of the published form, an output, and a page."""
    with serving() as server:
        server.add_run("test")
        code, document, outputs = predeploy(tmp_path, server, *given)
    assert (code, document["verdict"], outputs["verdict"]) == (0, "pass", "pass"), document
    assert [one["verdict"] for one in document["gates"]] == ["pass", "pass", "pass", "pass", "skipped"]
    schema = json.loads((ROOT / "docs/schemas/predeploy.schema.json").read_text())
    Draft202012Validator(schema).validate(document)
    assert SHA[:12] in (tmp_path / "summary.md").read_text()


def test_a_gate_that_fails_is_waived_with_a_reason_and_written_down(tmp_path: Path, given: list[str]) -> None:
    """7; waived 0, with what was waived, by whom and why, kept in a file; without a reason it is wrong usage."""
    (tmp_path / "clean.sarif").write_text((REPORTS / "npm-audit.json").read_text())  # known by what stands in it
    with serving() as server:
        server.add_run("test", "failure")
        code, document, _ = predeploy(tmp_path, server, *given)
        assert (code, document["verdict"]) == (7, "fail")
        waive = "--waive=tests, security"
        assert predeploy(tmp_path, server, *given, waive)[0] == 2
        assert predeploy(tmp_path, server, *given, "--waive=everything", "--reason=x")[0] == 2
        code, document, _ = predeploy(tmp_path, server, *given, waive, "--reason=known flake")
    assert (code, document["verdict"]) == (0, "pass")
    assert [one["name"] for one in document["gates"] if one["waived"]] == ["tests", "security"]
    [kept] = (tmp_path / ".hummii-ops" / "predeploy").glob("*.json")
    assert "known flake" in kept.read_text()


def test_a_waiver_of_the_inventory_that_is_over_is_said(tmp_path: Path, given: list[str]) -> None:
    """It lifts nothing."""
    over = "      waivers: [{gate: tests, reason: moving, until: 2020-01-31}]\n"
    with serving() as server:
        server.add_run("test", "failure")
        code, document, _ = predeploy(tmp_path, server, *given, more=over)
    assert code == 7
    assert "its waiver was good until 2020-01-31, and is over" in document["gates"][0]["details"]


def test_what_was_not_given_is_not_known(tmp_path: Path) -> None:
    """10: inconclusive; a GitHub that refuses is an error, and so is a file that is not there."""
    with serving() as server:
        server.add_run("test")
        code, document, _ = predeploy(tmp_path, server, f"--sha={SHA}")
        assert (code, document["verdict"]) == (10, "inconclusive")
        server.troubles = ["401"]
        code, document, _ = predeploy(tmp_path, server, f"--sha={SHA}", "--audit=nowhere.json")
        assert (code, document["verdict"]) == (10, "error")
        assert [one["verdict"] for one in document["gates"]][:2] == ["error", "error"]


@pytest.mark.parametrize("sha", ["main", "0123456", "$(touch x)", "", "g" * 40])
def test_a_commit_is_named_whole(tmp_path: Path, sha: str) -> None:
    """A branch, a short name, a command: wrong usage, and nobody is asked."""
    with serving() as server:
        assert predeploy(tmp_path, server, f"--sha={sha}")[0] == 2
        assert not server.asked


def test_a_job_trusts_the_keys_that_it_is_given_and_no_others(tmp_path: Path) -> None:
    """$HUMMII_KNOWN_HOSTS stands instead of all that the inventory names."""
    here = Environment.model_validate({"name": "a", "hosts": [{"name": "b", "address": "192.0.2.1"}]})
    assert in_a_job(here, {"HUMMII_KNOWN_HOSTS": str(tmp_path / "keys")}).known_hosts == (tmp_path / "keys",)
    assert in_a_job(here, {}) == here
