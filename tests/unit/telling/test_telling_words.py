"""What each audience reads: the line between them holds whatever the facts and the wordings say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.inventory.channels import Audience, Slack
from hummii_ops.telling.channels.slack import escaped
from hummii_ops.telling.due import due
from hummii_ops.telling.outbox import KINDS, Note, NoteKind
from hummii_ops.telling.templates import broken, message
from hummii_ops.telling.wordings import FACTS, WORDINGS

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
SECRETIVE = ("hosts", "from", "to", "reason", "who", "run", "step", "result", "next", "environment", "outage", "task")


def note(kind: NoteKind, number: int = 1, **facts: str) -> Note:
    return Note(id=f"run.{number}", run_id="run", kind=kind, at=NOW, facts=facts)


@pytest.mark.parametrize("audience", get_args(Audience))
def test_every_wording_can_be_filled(audience: Audience) -> None:
    """With nothing known at all there is still a title; no wording names what its audience may not learn."""
    for kind in WORDINGS[audience]:
        said = message(note(kind), audience, service="Hummii")
        assert said
        assert said.title
        assert "$" not in said.title + said.text


def test_the_public_learns_nothing_from_inside() -> None:
    """Whatever the facts say: hosts, versions, reasons are not in it, nor in the user's own wording."""
    facts = {name: f"MARK-{name}" for name in SECRETIVE}
    for kind in KINDS:
        said = message(note(kind, **facts), "public", service="Hummii")
        assert said is None or "MARK" not in said.title + said.text
    assert not set(SECRETIVE) & set(FACTS["public"])


def test_stakeholders_learn_no_hosts() -> None:
    """Names of machines are the team's."""
    for kind in KINDS:
        said = message(note(kind, hosts="prod-1", step="prod-1: api"), "stakeholders", service="Hummii")
        assert said is None or "prod-1" not in said.title + said.text


@given(st.text())
def test_no_reason_mentions_anybody_in_slack(reason: str) -> None:
    """Slack's own markup begins with <; what a person wrote has none left."""
    said = message(note("planned", reason=reason), "team", service="Hummii", escape=escaped)
    assert said
    assert "<" not in said.text.replace("&lt;", "")


def test_own_wordings(tmp_path: Path) -> None:
    """One that can be filled is used; one that cannot is named beforehand, and ours is used instead."""
    (tmp_path / "started.public.txt").write_text("We are on it, $service!\nSince $at.\n")
    (tmp_path / "succeeded.public.txt").write_text("Back from $hosts\n")
    (tmp_path / "began.public.txt").write_text("x\n")
    (tmp_path / "failed.team.txt").write_text("costs 5 $\n")
    (tmp_path / "notes.md").write_text("not a wording")
    own = message(note("started"), "public", service="Hummii", folder=tmp_path)
    assert own
    assert (own.title, own.text) == ("We are on it, Hummii!", "Since 2026-01-15 10:30 UTC.")
    ours = message(note("succeeded"), "public", service="Hummii", folder=tmp_path)
    assert ours == message(note("succeeded"), "public", service="Hummii")
    wrong = broken(tmp_path)
    assert [one.partition(":")[0] for one in wrong] == ["began.public.txt", "failed.team.txt", "succeeded.public.txt"]
    assert "$hosts" in wrong[2]


def test_the_public_does_not_hear_of_a_run_that_was_refused() -> None:
    """Nothing began, so nothing failed for them; the team hears it."""
    public = Slack(kind="slack", name="all", channel="C1", token="token", audience="public")
    team = Slack(kind="slack", name="team", channel="C1", token="token")
    notes = [note("planned", 1), note("failed", 2)]
    assert [len(due(notes, one)) for one in (public, team)] == [0, 2]
    assert [one.kind for one in due([*notes[:1], note("started", 2), note("failed", 3)], public)] == [
        "started",
        "failed",
    ]


def test_a_step_that_something_followed_is_no_news() -> None:
    """A channel that was away for a while is not told of each step since."""
    slack = Slack(kind="slack", name="team", channel="C1", token="token")
    notes = [note("started", 1), note("step", 2), note("step", 3)]
    assert [one.id for one in due(notes, slack)] == ["run.1", "run.3"]
    assert [one.id for one in due([*notes, note("succeeded", 4)], slack)] == ["run.1", "run.4"]
