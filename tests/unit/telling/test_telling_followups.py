"""The procedure's twelve after a rollback: when they are due, who ticks what, and what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import run_folders
from counterparts import counterpart
from telling_rig import TOKEN
from test_telling_tasks import INVENTORY, fab
from vendors import Github

from hummii_ops.run import kept
from hummii_ops.telling.report.followups import IDS, done, followups, looked, owned

TOKEN_AT = "HUMMII_TEST_GITHUB"
ROOT = Path(__file__).resolve().parents[3]
ENDED = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
PROCEDURE = """\
Monitor service health|Check error logs|Verify user flows|Test critical endpoints
Monitor error rates|Check performance metrics|Review user feedback|Investigate root cause
Fix issues in the new version|Re-test the deployment|Update deployment procedures|Conduct the post-mortem"""


def look(name: str, verdict: str, *, critical: bool = True) -> dict[str, object]:
    return {"name": name, "verdict": verdict, "reason": f"{name} said so", "critical": critical}


def test_the_twelve_are_the_procedures() -> None:
    """In its order, four within an hour, four within a day, four within a week of the end of the run."""
    items = followups(ENDED, {})
    assert [one.words for one in items] == PROCEDURE.replace("\n", "|").split("|")
    hours = [(one.due_at - ENDED).total_seconds() / 3600 for one in items]
    assert hours == [1.0] * 4 + [24.0] * 4 + [168.0] * 4


def test_late_is_what_is_due_and_not_done() -> None:
    """Up to its time it is open; what was done late is done."""
    item = followups(ENDED, {})[0]
    assert item.state(item.due_at) == "open"
    assert item.state(item.due_at + timedelta(seconds=1)) == "late"
    (ticked, *_) = done((item,), item.id, by="me", at=item.due_at + timedelta(days=1))
    assert ticked.state(item.due_at + timedelta(days=2)) == "done"


@pytest.mark.parametrize(
    ("looks", "verdict", "ticked"),
    [
        ([look("service.api", "pass"), look("services", "pass")], "pass", True),
        ([look("service.api", "fail"), look("services", "pass")], "fail", False),
        ([look("service.api", "error"), look("services", "inconclusive")], "error", False),
        ([look("service.api", "skipped")], None, False),
        ([look("service.api", "fail", critical=False), look("services", "pass")], "pass", True),
        ([look("logs.api", "fail")], None, False),
        ([], None, False),
    ],
)
def test_a_program_ticks_only_what_it_found_well(
    looks: list[dict[str, object]], verdict: str | None, ticked: bool
) -> None:
    """The worst look decides; a look that was skipped, or that only informs, is none."""
    item = looked(followups(ENDED, {}), looks, at=ENDED, file="verify.json")[0]
    assert (item.evidence or {}).get("verdict") == verdict
    assert (item.done_at is not None) is ticked
    assert item.done_by == ("fab verify" if ticked else None)


def test_what_only_people_know_is_never_ticked_by_a_program() -> None:
    """Feedback, cause, fix, re-test, procedures, post-mortem: no look is about them."""
    every = [look(name, "pass") for name in ("service", "logs.x", "flow.x", "health.x", "cpu", "fix", "post-mortem")]
    items = looked(followups(ENDED, {}), [*every, look("", "pass")], at=ENDED, file="f")
    assert [one.id for one in items if one.looks == () and one.done_at] == []


def test_a_person_s_tick_stays() -> None:
    """A later look that fails is evidence beside it, and takes nothing away; ticked twice is ticked once."""
    items = done(followups(ENDED, {}), "service-health", by="me", at=ENDED)
    items = looked(items, [look("services", "fail")], at=ENDED, file="f")
    items = done(items, "service-health", by="you", at=ENDED + timedelta(days=1))
    assert (items[0].done_by, items[0].done_at, (items[0].evidence or {})["verdict"]) == ("me", ENDED, "fail")


def test_an_owner_is_of_one_or_of_what_nobody_has() -> None:
    """Who already has something keeps it."""
    items = owned(followups(ENDED, {}), "me", "root-cause")
    items = owned(done(items, "fix", by="x", at=ENDED), "you", None)
    owners = {one.id: one.owner for one in items}
    assert (owners["root-cause"], owners["fix"], owners["post-mortem"]) == ("me", None, "you")


def test_what_is_kept_comes_back() -> None:
    """Also from a file that was edited by hand: what is wrong in it is dropped, and nothing else."""
    items = looked(owned(followups(ENDED, {}), "me", None), [look("services", "pass")], at=ENDED, file="f")
    assert followups(ENDED, json.loads(json.dumps({one.id: one.kept() for one in items}))) == items
    assert followups(ENDED, {"fix": 1, "re-test": {"owner": 3, "done_at": "soon", "evidence": []}}) == followups(
        ENDED, {}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    (tmp_path / ".hummii-ops").mkdir()
    run_folders.laid(tmp_path).parent.rename(tmp_path / ".hummii-ops" / "runs")
    return tmp_path / ".hummii-ops" / "runs" / run_folders.RUN


def test_as_it_is_typed(folder: Path) -> None:
    """Owner and tick are kept for the next call, of anyone on this laptop; an unknown id names those that there are."""
    assert fab(folder, "followups", "--owner=root-cause:me", "--done=fix").returncode == 0
    said = json.loads(fab(folder, "followups", "--format=json").stdout)
    states = {one["id"]: (one["state"], one["owner"]) for one in said["items"]}
    assert list(states) == list(IDS)
    assert (states["fix"], states["root-cause"][1]) == (("done", None), "me")
    wrong = fab(folder, "followups", "--done=nothing")
    assert (wrong.returncode, "root-cause" in wrong.stderr) == (2, True)


def test_a_look_that_could_not_be_made_ticks_nothing(folder: Path) -> None:
    """The host does not answer: refused, as verify is, and nothing is written."""
    done = fab(folder, "followups", "--execute")
    assert done.returncode == 3, done.stderr
    assert not (folder / kept.FOLLOWUPS).exists()
    assert not (folder / kept.VERIFY).exists()


def with_issues(folder: Path, url: str) -> dict[str, str]:
    """The inventory names a repository; what its token is stands in the environment."""
    path, more = folder.parents[2] / "inventory.yml", f"    secrets: {{github: {{env: {TOKEN_AT}}}}}\n"
    more += f"    followups: {{repository: hummii/hummii, token: github, url: '{url}'}}\n"
    path.write_text(INVENTORY + more, encoding="utf-8")
    return {TOKEN_AT: TOKEN}


def test_an_issue_for_each_that_is_not_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, also from a laptop that knows of none; what is done gets none; a person's markup is text."""
    github = Github()
    with counterpart("", github) as server:
        for name, value in with_issues(folder, server.url).items():
            monkeypatch.setenv(name, value)
        assert fab(folder, "followups", "--done=fix").returncode == 0
        assert fab(folder, "followups", "--owner=re-test:<b>me</b> @all").returncode == 0
        said = json.loads(fab(folder, "followups", "--open-issues", "--format=json").stdout)
        assert [one["id"] for one in said["items"] if one["issue"] is None] == ["fix"]
        (folder / kept.FOLLOWUPS).unlink()
        assert fab(folder, "followups", "--done=fix").returncode == 0
        again = json.loads(fab(folder, "followups", "--open-issues", "--format=json").stdout)
    assert len(github.issues) == 11
    assert [one["issue"] for one in again["items"]] == [one["issue"] for one in said["items"]]
    titles = {one["title"] for one in github.issues}
    assert f"Re-test the deployment (after {run_folders.RUN})" in titles
    text = next(one["body"] for one in github.issues if one["title"].startswith("Re-test"))
    assert "&lt;b&gt;me&lt;/b&gt;" in text
    assert "@all" not in text
    assert {tuple(one["labels"]) for one in github.issues} == {("follow-up",)}


def test_what_github_does_not_take_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10 and how to go on; without a repository it is wrong usage."""
    assert fab(folder, "followups", "--open-issues").returncode == 2
    with counterpart("500", Github()) as server:
        for name, value in with_issues(folder, server.url).items():
            monkeypatch.setenv(name, value)
        done = fab(folder, "followups", "--open-issues")
    assert (done.returncode, "answered 500" in done.stderr) == (10, True)


def test_a_run_that_has_not_ended_has_none(folder: Path) -> None:
    """All is due from its end."""
    run_folders.killed_at(folder, "replace-api")
    done = fab(folder, "followups")
    assert (done.returncode, "fab report" in done.stderr) == (3, True)


def test_the_last_rollback_is_meant(folder: Path) -> None:
    """Not a backup that came after it, nor a rollback that was refused."""
    for run_id, task, state in (
        ("20271122T0Z-backup-db-a", "backup-db", "done"),
        ("20281122T0Z-b", "rollback", "refused"),
    ):
        later = run_folders.laid(folder.parents[2] / task, run_id).rename(folder.parent / run_id)
        run_folders.plan(later, task=task)
        (later / run_folders.HOST / "state").write_text(f"{state}\n", encoding="utf-8")
    tasks = ("rollback", "rollback-db")
    assert kept.newest(folder.parent, "lab", tasks=tasks) == folder
    assert kept.newest(folder.parent, "lab") == folder.parent / "20281122T0Z-b"
