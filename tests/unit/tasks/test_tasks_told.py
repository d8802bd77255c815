"""Who is told about a run: nothing at all without channels, the right thing at each end with them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from made_runs import a_plan, a_state, an_outcome

from hummii_ops.errors import Busy, ExitCode
from hummii_ops.events import Event, Listener
from hummii_ops.inventory import load
from hummii_ops.plans.plan import Plan
from hummii_ops.run.ship import About
from hummii_ops.tasks.call.frame import answer
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.record import notify
from hummii_ops.tasks.reply import told
from hummii_ops.tasks.reply.endings import ending
from hummii_ops.tasks.setup import config
from hummii_ops.telling.outbox import Note, Outbox

ROOT = Path(__file__).resolve().parents[3]
RUN = "20260115T103000Z-rollback-1a2b"
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
STATE = a_state("1.1")
PLAN = a_plan(
    environment="production",
    host="prod-1",
    project="hummii",
    project_dir="/opt/hummii",
    left=STATE,
    target=replace(STATE, label="1.0"),
)
ABOUT = About(run_id=RUN, task="rollback", who="you@laptop", reason="broken", since_ms=0, hosts=("prod-1",))
OUTCOME = an_outcome(run_id=RUN, host="prod-1", outage_s=1.5, began_at=NOW, ended_at=NOW)
# a file that is not there: the channel is off at once, and nobody is asked
CHANNEL = {"kind": "slack", "name": "team", "channel": "C1", "token": "token", "url": "http://127.0.0.1:1"}


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUMMII_INVENTORY", str(tmp_path / "inventory.yml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HUMMII_ENV", raising=False)
    return written(tmp_path / "inventory.yml", {"channels": [CHANNEL]})


def written(path: Path, channels: Mapping[str, Any] | None) -> Path:
    environment: dict[str, Any] = {"hosts": [{"name": "prod-1", "address": "127.0.0.1"}]}
    environment |= {"secrets": {"token": {"file": "no-such-file"}}, "notify": channels}
    path.write_text(json.dumps({"default": "production", "environments": {"production": environment}}))
    return path


def said(task: Any, **flags: Any) -> Reply:
    return answer("notify", task.body.__wrapped__, None, flags)


def notes(inventory: Path) -> list[Note]:
    return list(Outbox(inventory.parent / ".hummii-ops" / "runs" / RUN).notes())


def made(inventory: Path) -> told.Told:
    found = told.told_of(load(inventory).choose(None), ABOUT, (PLAN,))
    assert found
    return found


def event(kind: Any, step: str = "") -> Event:
    return Event(at=NOW, run_id=RUN, host="prod-1", kind=kind, step=step)


def gone(telling: told.Told) -> None:
    telling.teller.close()
    if telling.teller.process:
        telling.teller.process.wait(timeout=30)


def test_without_channels_there_is_nothing(inventory: Path) -> None:
    """No outbox, no process, the reply as it was."""
    environment = load(written(inventory, None)).choose(None)
    assert told.told_of(environment, ABOUT, (PLAN,)) is None
    reply = Reply(kind="rollback")
    assert told.ended(None, reply, ()) is reply
    assert not (inventory.parent / ".hummii-ops").exists()


def test_a_start_loads_nothing_of_it() -> None:
    """Whoever is called at night does not wait for the libraries of channels."""
    listed = "import sys, fabfile; print(sorted(m for m in sys.modules if m.startswith('hummii_ops.telling.')))"
    done = subprocess.run([sys.executable, "-c", listed], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "['hummii_ops.telling.console', 'hummii_ops.telling.job_log']", done.stderr


def test_a_run_as_it_is_told(inventory: Path) -> None:
    """Begun once, though several hosts begin; the look from outside; how it ended, with what is not out."""
    telling = made(inventory)

    @contextmanager
    def watch(_plan: Plan) -> Iterator[Listener]:
        yield lambda _event: None

    with told.heard(watch, telling)(PLAN) as listener:
        for one in (event("begin"), event("begin"), event("start", "confirmed-outside"), event("done")):
            listener(one)
    reply = told.ended(telling, Reply(kind="rollback", exit_code=ExitCode.MIXED, verdict="mixed"), ())
    gone(telling)
    assert [one.kind for one in notes(inventory)] == ["started", "verifying", "needs-person"]
    assert notes(inventory)[-1].facts["next"].startswith("Next: fab status, then fab resume --run=2026")
    assert reply.exit_code is ExitCode.MIXED  # telling does not touch it
    assert reply.body["undelivered"][0]["channel"] == "team"
    assert "no-such-file" in reply.body["undelivered"][0]["why"]


def test_a_run_that_was_refused(inventory: Path) -> None:
    """It was planned, and then someone else was at work: that is told too, and raised as it was."""
    telling = made(inventory)
    with pytest.raises(Busy), told.refusals(telling):
        raise Busy("someone is at work", remedy="fab status")
    gone(telling)
    assert [one.kind for one in notes(inventory)] == ["failed"]
    assert notes(inventory)[0].facts["result"] == "Nothing was changed."


@pytest.mark.parametrize(
    ("code", "states", "kind", "result"),
    [
        (ExitCode.DONE, ["done"], "succeeded", "Proven by image ids and health."),
        (ExitCode.DONE, ["restored", "refused"], "restored", "It did not hold, and went back by itself."),
        (ExitCode.DONE, ["prepared"], "prepared", "It waits for a word."),
        (ExitCode.RESTORED, ["restored"], "restored", "It did not hold, and went back by itself."),
        (ExitCode.REFUSED, ["refused"], "failed", "Nothing was changed."),
        (ExitCode.MIXED, ["done", "mixed"], "needs-person", "The stack is in a mixed state."),
    ],
)
def test_every_end_is_told_as_what_it_is(code: ExitCode, states: list[str], kind: str, result: str) -> None:
    """One that went back did not succeed, also where it was let go back by `fab resume`."""
    outcomes = [replace(OUTCOME, state=state) for state in states]
    found, facts = ending(code, outcomes, RUN)
    assert (found, facts["result"], facts.get("outage", "1.5 s")) == (kind, result, "1.5 s")


def test_what_somebody_cancelled_did_not_fail() -> None:
    """On one host of two, before the other one changed anything."""
    outcomes = [replace(OUTCOME, state="restored", cancelled=True), replace(OUTCOME, state="refused")]
    assert ending(ExitCode.DONE, outcomes, RUN)[1]["result"] == "It was cancelled."


def test_a_run_that_is_taken_up(inventory: Path) -> None:
    """Who attaches from where it was begun tells how it ended, once; elsewhere, or after its end, nobody does."""
    environment = load(inventory).choose(None)
    assert told.taken_up(environment, RUN) is None
    telling = made(inventory)
    telling.say("started")
    gone(telling)
    again = told.taken_up(environment, RUN)
    assert again
    told.ended(again, Reply(kind="attach", exit_code=ExitCode.DONE), ())
    gone(again)
    assert notes(inventory)[-1].kind == "succeeded"
    assert notes(inventory)[-1].facts["to"] == "1.0"
    assert told.taken_up(environment, RUN) is None


def test_preview_shows_what_would_be_read(inventory: Path) -> None:
    """Of the audiences that there are, without sending."""
    reply = said(notify.preview, kind="succeeded")
    (one,) = reply.body["messages"]
    assert (one["audience"], one["title"]) == ("team", "rollback succeeded: 1.0 runs (production)")
    assert said(notify.preview, kind="suceeded").exit_code is ExitCode.USAGE


def test_check_says_which_channel_could_not_be_used(inventory: Path) -> None:
    """10, with the reason; nobody was told."""
    reply = said(notify.check)
    assert reply.exit_code is ExitCode.INCONCLUSIVE
    assert reply.body["channels"][0]["ok"] is False


@pytest.mark.parametrize("task", [notify.check, notify.preview])
def test_tasks_need_channels(inventory: Path, task: Any) -> None:
    """Without them it is wrong usage, and says what to write."""
    written(inventory, None)
    assert said(task).exit_code is ExitCode.USAGE


@pytest.mark.parametrize("run", [None, "../../etc", "20260115T103000Z-rollback-ffff"])
def test_flush_needs_a_run_that_was_told(inventory: Path, run: str | None) -> None:
    """An id that is none leads nowhere."""
    assert said(notify.flush, run=run).exit_code is ExitCode.USAGE


def test_announce_says_what_is_not_out(inventory: Path) -> None:
    """Told by hand: 10 if a channel did not take it, with the command that sends it."""
    reply = said(notify.announce, text="we are back")
    assert reply.exit_code is ExitCode.INCONCLUSIVE
    assert reply.body["undelivered"][0]["kinds"] == ["announced"]
    assert said(notify.announce, text=" ").exit_code is ExitCode.USAGE


def test_a_wording_that_cannot_be_filled_is_a_mistake(inventory: Path) -> None:
    """config.check finds it by day."""
    folder = inventory.parent / "words"
    folder.mkdir()
    (folder / "started.public.txt").write_text("On $hosts\n")
    written(inventory, {"channels": [CHANNEL], "templates": "words"})
    reply = said(config.check)
    assert reply.exit_code is ExitCode.USAGE
    assert "$hosts" in reply.body["problems"][0]["message"]


def test_a_folder_of_a_status_page_that_is_not_there(inventory: Path) -> None:
    """config.check finds it, and a host that is none; one on a host is asked for by notify.check."""
    page = {"kind": "static-page", "name": "page", "folder": "public"}
    there = {"kind": "static-page-on-host", "name": "there", "host": "prod-1", "folder": "/srv/status"}
    written(inventory, {"channels": [there, page]})
    (problem,) = said(config.check).body["problems"]
    assert problem["path"] == "environments.production.notify.channels.1.folder"
    assert problem["message"] == "the folder of the status page does not exist"
    (inventory.parent / "public").mkdir()
    assert said(config.check).exit_code is ExitCode.DONE
    written(inventory, {"channels": [there | {"host": "prod-9"}]})
    reply = said(config.check)
    assert "must be one of this environment's hosts: prod-1" in reply.body["problems"][0]["message"]
    written(inventory, {"channels": [there]})
    assert said(notify.check).exit_code is ExitCode.INCONCLUSIVE


def test_what_is_prepared_is_told(inventory: Path) -> None:
    """Nothing that is served has changed: no "it has begun", and the public hears nothing."""
    telling = told.told_of(load(inventory).choose(None), ABOUT, (PLAN,), to="the database of nightly.dump")
    assert telling
    telling.say("planned")
    kind, facts = ending(ExitCode.DONE, [replace(OUTCOME, state="prepared")], RUN)
    telling.say(kind, **facts)
    gone(telling)
    planned, prepared = notes(inventory)
    assert planned.facts["to"] == "the database of nightly.dump"
    assert prepared.facts["next"] == f"Next: fab resume --run={RUN}"
    assert told.taken_up(load(inventory).choose(None), RUN) is None
