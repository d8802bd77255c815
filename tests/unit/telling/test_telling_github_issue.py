"""A status page by GitHub issues, against a repository with a memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counterparts import Counterpart, counterpart
from telling_rig import RUN, TOKEN
from vendors import Github

from hummii_ops.inventory import Secret
from hummii_ops.inventory.status_pages import GithubIssue
from hummii_ops.telling.channels.channel import Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.github_issue import IssuePage

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


class Repository(Github):
    """A repository that is served."""

    server: Counterpart


@pytest.fixture
def repository() -> Iterator[Repository]:
    vendor = Repository()
    with counterpart("", vendor) as server:
        vendor.server = server
        yield vendor


def channel(repository: Repository, token: str = TOKEN) -> IssuePage:
    settings = {"kind": "github-issue", "name": "page", "repository": "hummii/status", "token": "token"}
    made = GithubIssue.model_validate(settings | {"url": repository.server.url})
    return IssuePage(made, Secret(token), Words(audience="public", service="Hummii"), limit_s=5)


def tell(repository: Repository, ledger: Ledger, *kinds: NoteKind, again: bool = False, text: str = "") -> None:
    for kind in kinds:
        note = Note(id=f"{RUN}.{kind}", run_id=RUN, kind=kind, at=NOW, facts={"hosts": "prod-1", "text": text})
        channel(repository).send(note, ledger, again=again)


def late(repository: Repository, ledger: Ledger, kind: NoteKind, minute: int, *, again: bool = False) -> str:
    """Tell what happened in that minute, whenever that is done."""
    at = NOW + timedelta(minutes=minute)
    note = Note(id=f"{RUN}.{minute}", run_id=RUN, kind=kind, at=at, facts={"hosts": "prod-1", "text": "soon"})
    return channel(repository).send(note, ledger, again=again)


def states(repository: Repository) -> list[str]:
    return [str(one["state"]) for one in repository.issues]


def test_an_issue_from_its_begin_to_its_end(repository: Repository, tmp_path: Path) -> None:
    """One issue, a comment for each update; closed by watching alone, open again when the trouble is back."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(repository, ledger, "planned", "started", "restored", "succeeded")
    assert [one["state"] for one in repository.issues] == ["open"]
    tell(repository, ledger, "monitoring-ok")
    assert [one["state"] for one in repository.issues] == ["closed"]
    tell(repository, ledger, "regressed")
    assert [one["state"] for one in repository.issues] == ["open"]
    assert len(repository.comments[1]) == 4


@pytest.mark.parametrize("again", [False, True])
def test_a_late_note_opens_no_issue_again(repository: Repository, tmp_path: Path, again: bool) -> None:
    """It was left, and the trouble is over: it is not told any more. An announcement is, to the closed issue."""
    ledger = Ledger(path=tmp_path / "page.json")
    late(repository, ledger, "started", 1)
    late(repository, ledger, "monitoring-ok", 5)
    for minute, kind in ((2, "needs-person"), (3, "restored"), (4, "succeeded")):
        assert late(repository, ledger, kind, minute, again=again) == "a later update replaced it"
    late(repository, ledger, "announced", 3)
    assert states(repository) == ["closed"]
    assert len(repository.comments[1]) == 2
    late(repository, ledger, "regressed", 6)
    assert states(repository) == ["open"]


def test_a_late_note_of_another_run_opens_no_issue_again(repository: Repository, tmp_path: Path) -> None:
    """The run that came after it has closed the issue that both tell of; so may a person have."""
    older, newer = Ledger(path=tmp_path / "older.json"), Ledger(path=tmp_path / "newer.json")
    late(repository, older, "started", 1)
    late(repository, newer, "started", 4)
    late(repository, newer, "monitoring-ok", 6)
    told = len(repository.comments[1])
    for minute, kind in ((2, "restored"), (3, "succeeded")):
        assert late(repository, older, kind, minute) == "no issue is open"
    assert (states(repository), len(repository.comments[1])) == (["closed"], told)


def test_a_late_end_does_not_close_what_is_ill_again(repository: Repository, tmp_path: Path) -> None:
    """It was left; the trouble came back, and that was told."""
    ledger = Ledger(path=tmp_path / "page.json")
    late(repository, ledger, "started", 1)
    late(repository, ledger, "regressed", 4)
    assert late(repository, ledger, "monitoring-ok", 3) == "a later update replaced it"
    assert states(repository) == ["open"]


def test_a_begin_that_comes_after_its_end_opens_nothing(repository: Repository, tmp_path: Path) -> None:
    """GitHub was away when it began. While the trouble lasts, a late begin still opens one."""
    over, lasts = Ledger(path=tmp_path / "over.json"), Ledger(path=tmp_path / "lasts.json")
    assert late(repository, over, "succeeded", 2) == "no issue is open"
    assert late(repository, over, "started", 1) == "a later update replaced it"
    assert not repository.issues
    late(repository, lasts, "restored", 2)
    late(repository, lasts, "started", 1)
    assert states(repository) == ["open"]


def test_what_is_open_is_gone_on_with_and_told_once(repository: Repository, tmp_path: Path) -> None:
    """A person's issue keeps its title; who was killed after the comment writes no second one."""
    theirs = {"id": 1, "number": 1, "state": "open", "title": "Orders fail", "body": None, "labels": ["status"]}
    repository.issues.append(theirs)
    tell(repository, Ledger(path=tmp_path / "a.json"), "started")
    tell(repository, Ledger(path=tmp_path / "b.json"), "started", again=True)
    assert [one["title"] for one in repository.issues] == ["Orders fail"]
    assert len(repository.comments[1]) == 1


def test_nobody_is_mentioned_and_nothing_is_markup(repository: Repository, tmp_path: Path) -> None:
    """Also not by an announcement; one that says nothing wrong opens nothing."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(repository, ledger, "announced", "monitoring-ok", text="hello")
    assert not repository.issues
    tell(repository, ledger, "started")
    tell(repository, ledger, "announced", text="<img src=x> @everyone")
    assert "<img" not in repository.comments[1][0]["body"]
    assert "@everyone" not in repository.comments[1][0]["body"]


def test_a_wrong_token(repository: Repository) -> None:
    """A person has to mend it."""
    with pytest.raises(Never):
        channel(repository, token="wrong").check()
    assert "can be read" in channel(repository).check()
