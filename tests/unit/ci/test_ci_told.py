"""What GitHub is told of a rollback: whatever it does, the rollback goes its way, and ends as it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runner import parse_outputs
from stand_in import SHA, TOKEN, StandIn, serving

JOB = Path(__file__).with_name("told_job.py")


def told(folder: Path, server: StandIn, *, ill: int = 0) -> tuple[dict[str, Any], str, dict[str, str]]:
    """What the job ended with, its log, and its outputs."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HUMMII_", "GITHUB_"))}
    said = {"REPOSITORY": "hummii/shop", "API_URL": server.url, "TOKEN": TOKEN, "SHA": SHA, "ACTIONS": "true"}
    said |= {"OUTPUT": str(folder / "out"), "STEP_SUMMARY": str(folder / "page.md")}
    env |= {f"GITHUB_{name}": value for name, value in said.items()}
    # what GitHub costs at most: a look before, and a word at the end; the rest is for a slow machine to start Python
    done = subprocess.run(
        [sys.executable, str(JOB), str(ill)], env=env, capture_output=True, text=True, check=False, timeout=25
    )
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return json.loads(done.stdout), done.stderr, parse_outputs((folder / "out").read_text())


def test_a_well_github_is_told(tmp_path: Path) -> None:
    """A deployment with its beginning and its end; no note."""
    with serving() as server:
        ended, _, outputs = told(tmp_path, server)
        assert [one["state"] for one in server.told] == ["in_progress", "success"]
    assert (ended["exit_code"], ended["notes"], outputs["rolled_back_to"]) == (0, [], "1.0")


@pytest.mark.parametrize("trouble", ["black-hole", "drip", "500", "401", "rate-limit", "html", "cut"])
def test_an_ill_github_costs_seconds_and_is_a_note(tmp_path: Path, trouble: str) -> None:
    """The rollback begins within five seconds and ends as it ended, with its outputs; what GitHub missed is said."""
    with serving() as server:
        server.troubles = [trouble] * 60
        ended, _, outputs = told(tmp_path, server)
    assert ended["begun_s"] < 5
    assert ended["took_s"] < 12
    assert (ended["exit_code"], ended["verdict"], outputs["rolled_back_to"]) == (0, "pass", "1.0")
    message, deployment = ended["notes"]
    assert "the commit's message could not be read" in message
    assert "was not told" in deployment
    assert "was not told" in (tmp_path / "page.md").read_text()


def test_no_more_warnings_than_github_shows(tmp_path: Path) -> None:
    """Ten of a step, so the worst ones; the page has all of them."""
    with serving() as server:
        ended, log, _ = told(tmp_path, server, ill=14)
    assert (ended["exit_code"], ended["verdict"]) == (7, "degraded")
    shown = [line for line in log.splitlines() if line.startswith("::warning")]
    assert len(shown) == 10
    assert all(f"look {number}:" in line for number, line in zip(range(7, 14), shown, strict=False))
    page = (tmp_path / "page.md").read_text()
    assert all(f"look {number} " in page for number in range(14))
