"""The end of a run, as its laptop learns it over a bad link."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from made_runs import a_plan

from hummii_ops.errors import ExitCode, Refused, Unreachable
from hummii_ops.run import perform
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About
from hummii_ops.steps import Effect, Step
from hummii_ops.transport import FakeTransport, LinkLost, Result, Transport

CONFIRMED = Step(id="confirmed-outside", title="-", effect=Effect.READS, limit_s=5, holds=("x",), act=("x",))
PLAN = a_plan(forward=(CONFIRMED,))
LINE = json.dumps({"t": 1767225600000, "ev": "begin", "list": "", "step": "", "code": None, "log": 0})


def folder_of_the_run() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in (("gates/outside", "go"), ("journal.jsonl", f"{LINE}\n"), ("state", "done")):
            member = tarfile.TarInfo(f"R/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def lost(_script: str, _args: tuple[str, ...]) -> Result:
    raise LinkLost("the link was cut", sent=True)


def told(_script: str, args: tuple[str, ...]) -> Result:
    assert args[1] == "collect"
    return Result(exit_code=0, stdout=folder_of_the_run(), stderr=b"")


def ended(tmp_path: Path, again: Transport | None) -> Outcome:
    """The outcome where the link was cut after the run's last word; `again` is the next one, None: there is none."""

    def connect() -> Transport:
        if again is None:
            raise Unreachable("h does not answer", remedy="-")
        return again

    place = Place(host="h", home="/h", connect=connect, transport=FakeTransport(lost), runs_dir=tmp_path)
    follower = perform.follower_of(place, "R", lambda _event: None, None)
    follower.lines.append(LINE)
    return perform.finish(place, PLAN, follower, "done")


def test_a_link_that_is_cut_at_the_end_is_made_once_more(tmp_path: Path) -> None:
    """What was confirmed from outside is known then: 0, and its folder is here."""
    outcome = ended(tmp_path, FakeTransport(told))
    assert (outcome.outside, outcome.exit_code) == ("go", ExitCode.DONE)
    assert (tmp_path / "R/h/gates/outside").read_text() == "go"


def test_a_disk_here_that_takes_nothing(tmp_path: Path) -> None:
    """How it ended is told all the same; before it has begun, it is refused."""
    full = tmp_path / "full"
    full.write_text("no folder can be made in here")
    outcome = ended(full, FakeTransport(told))
    assert outcome.state == "done"
    place = Place(
        host="h", home="/h", connect=lambda: FakeTransport(lost), transport=FakeTransport(lost), runs_dir=full
    )
    about = About(run_id="R", task="rollback", who="a@b", reason="", since_ms=0, hosts=("h",))
    with pytest.raises(Refused, match="nothing was changed"):
        perform.lay_ready(place, PLAN, about)


def test_where_no_link_comes_back_the_journal_is_kept(tmp_path: Path) -> None:
    """As it was followed; whether it was confirmed is then not known, and said so."""
    outcome = ended(tmp_path, None)
    assert (outcome.state, outcome.exit_code) == ("done", ExitCode.DEGRADED)
    assert (tmp_path / "R/h/journal.jsonl").read_text() == f"{LINE}\n"
