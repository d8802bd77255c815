"""The files with which a job speaks to its runner: limits are kept, and no text becomes a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner import parse_outputs

from hummii_ops.ci.summary import page
from hummii_ops.github.job import SUMMARY_BYTES, Job, cell, cut, job_of, put_outputs, put_summary
from hummii_ops.telling import job_log

HOSTILE = ("$(touch x)", "`touch x`", "a\n::error::b", "end-0\nverdict=pass", "<img src=x>", "](http://x)", "@everyone")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_output_is_that_output_and_no_other(tmp_path: Path, text: str) -> None:
    """Whatever a value holds, the runner reads it back as one value."""
    file = tmp_path / "output"
    put_outputs(Job(event={}, output=file), {"verdict": "fail", "reason": text, "last": "1"})
    assert parse_outputs(file.read_text()) == {"verdict": "fail", "reason": text, "last": "1"}


@given(st.text(max_size=200))
def test_a_cell_stays_a_cell(text: str) -> None:
    """No text leaves its place in a table, opens a tag or a link, or mentions anybody."""
    shown = cell(text)
    assert not set(shown) & set("\n|<>[]`*_")
    assert "@\u200b" in shown or "@" not in shown


def test_a_summary_that_is_too_long_is_cut_validly(tmp_path: Path) -> None:
    """Below GitHub's limit, at the end of a line, with the fence closed and the cut said."""
    text = "# head\n```\n" + "ä line of a log\n" * 100_000 + "```\n"
    file = tmp_path / "summary"
    put_summary(Job(event={}, summary=file), text)
    kept = file.read_bytes()
    assert len(kept) <= SUMMARY_BYTES
    lines = kept.decode().splitlines()
    assert sum(line.startswith("```") for line in lines) % 2 == 0
    assert "cut here" in lines[-1]
    assert cut("short") == "short"


def test_the_page_says_what_was_decided() -> None:
    """Decision, rollback and look, with hostile text as text."""
    document = {
        "environment": "lab",
        "exit_code": 7,
        "verdict": "degraded",
        "says": "$(touch x) <b>",
        "run_id": "20260115T103000Z-rollback-1a2b",
        "decisions": [{"host": "lab-1", "rolls_back": True, "why": "touched | really"}],
        "rollback": {"error": "no", "remedy": "fab status"},
        "verify": {"verdict": "fail", "measurements": [_look("fail"), _look("pass")]},
        "notes": ["a note"],
    }
    text = page(document, cell)
    assert "<b>" not in text
    assert "touched &#124; really" in text
    assert text.count("flow.order") == 1
    assert "fab status" in text


def _look(verdict: str) -> dict[str, object]:
    name = "flow.order" if verdict == "fail" else "health"
    return {"host": "lab-1", "name": name, "verdict": verdict, "critical": True, "reason": "402"}


def test_a_job_knows_where_it_runs(tmp_path: Path) -> None:
    """From the runner's variables; an event that is no JSON is none."""
    event = tmp_path / "event.json"
    event.write_text('{"head_commit": {"id": "1"}}')
    said = {"GITHUB_REPOSITORY": "hummii/shop", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "7"}
    job = job_of(said | {"GITHUB_EVENT_PATH": str(event), "GITHUB_TOKEN": "ghs_0123"})
    assert job.run_url == "https://github.example/hummii/shop/actions/runs/7"
    assert job.event == {"head_commit": {"id": "1"}}
    assert "ghs_" not in repr(job)
    event.write_text("[")
    assert job_of({"GITHUB_EVENT_PATH": str(event)}).event == {}
    assert job_of({}).output is None


def test_a_warning_is_one_line() -> None:
    """Line breaks, percents and commas of a message stay in it."""
    assert job_log.warning("a:b,c", "1%\n::error::x") == "::warning title=a%3Ab%2Cc::1%25%0A::error::x"
