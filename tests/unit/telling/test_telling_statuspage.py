"""Statuspage, by a page with a memory that takes what Atlassian's API takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counterparts import Counterpart, counterpart
from telling_rig import RUN, TOKEN
from vendors import Statuspage

from hummii_ops.inventory import Secret
from hummii_ops.inventory.status_pages import Statuspage as Settings
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.statuspage import HostedPage

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


class Page(Statuspage):
    """A page that is served."""

    server: Counterpart


@pytest.fixture
def page() -> Iterator[Page]:
    vendor = Page()
    with counterpart("", vendor) as server:
        vendor.server = server
        yield vendor


def channel(page: Page, key: str = TOKEN) -> HostedPage:
    settings = {"kind": "statuspage", "name": "page", "page": "p1", "token": "token", "components": ["api", "shop"]}
    made = Settings.model_validate(settings | {"url": f"{page.server.url}/v1"})
    return HostedPage(made, Secret(key), Words(audience="public", service="Hummii"), limit_s=5)


def tell(page: Page, ledger: Ledger, *kinds: NoteKind) -> None:
    for number, kind in enumerate(kinds, start=1):
        note = Note(id=f"{RUN}.{number}", run_id=RUN, kind=kind, at=NOW, facts={"hosts": "prod-1"})
        channel(page).send(note, ledger, again=False)


def late(page: Page, ledger: Ledger, kind: NoteKind, minute: int, *, run: str = RUN, again: bool = False) -> str:
    """Tell what happened in that minute, whenever that is done."""
    at, facts = NOW + timedelta(minutes=minute), {"hosts": "prod-1", "text": "soon"}
    note = Note(id=f"{run}.{minute}", run_id=run, kind=kind, at=at, facts=facts)
    return channel(page).send(note, ledger, again=again)


def statuses(page: Page) -> list[list[str]]:
    """Of each incident what it was, the oldest first."""
    return [[one["status"] for one in reversed(incident["incident_updates"])] for incident in page.incidents]


def test_a_late_retry_tells_nothing_twice(page: Page, tmp_path: Path) -> None:
    """It had arrived, and others since: it is found among them, though the last one is another."""
    ledger = Ledger(path=tmp_path / "page.json")
    for minute, kind in enumerate(("started", "succeeded", "announced", "monitoring-ok"), start=1):
        late(page, ledger, kind, minute)
    for minute, kind in enumerate(("started", "succeeded", "announced"), start=1):
        late(page, ledger, kind, minute, again=True)
    assert statuses(page) == [["identified", "monitoring", "monitoring", "resolved"]]


def test_a_late_note_does_not_undo_what_replaced_it(page: Page, tmp_path: Path) -> None:
    """It never arrived, and the trouble is over: of this run, or of an older one. An announcement is still told."""
    ledger, older = Ledger(path=tmp_path / "page.json"), Ledger(path=tmp_path / "older.json")
    late(page, older, "started", 1, run="older")
    for minute, kind in ((3, "started"), (6, "monitoring-ok")):
        late(page, ledger, kind, minute)
    assert late(page, ledger, "succeeded", 4) == "a later update replaced it"
    assert late(page, ledger, "watching", 5) == "a later update replaced it"
    assert late(page, older, "failed", 2, run="older") == "a later update replaced it"
    assert page.components == {"api": "degraded_performance", "shop": "operational"}
    late(page, ledger, "announced", 5)
    assert statuses(page) == [["identified", "identified", "resolved", "resolved"]]


def test_a_begin_that_comes_after_its_end_opens_nothing(page: Page, tmp_path: Path) -> None:
    """The page was away when it began; when it is there again, all is well."""
    ledger = Ledger(path=tmp_path / "page.json")
    assert late(page, ledger, "monitoring-ok", 2) == "no incident is open"
    assert late(page, ledger, "started", 1) == "a later update replaced it"
    assert not page.incidents
    late(page, ledger, "regressed", 3)
    assert statuses(page) == [["identified"]]


def test_a_begin_that_comes_late_while_it_lasts_opens_one(page: Page, tmp_path: Path) -> None:
    """Neither a failure nor a person's words have ended it."""
    ledger = Ledger(path=tmp_path / "page.json")
    for minute, kind in ((2, "restored"), (3, "announced")):
        assert late(page, ledger, kind, minute) == "no incident is open"
    late(page, ledger, "started", 1)
    assert statuses(page) == [["identified"]]


def test_an_incident_from_its_begin_to_its_end(page: Page, tmp_path: Path) -> None:
    """Identified, monitoring, resolved by watching alone; then each component is what it was before, not just well."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(page, ledger, "planned", "started")
    assert page.incidents[0]["status"] == "identified"
    assert page.components == {"api": "partial_outage", "shop": "partial_outage"}
    tell(page, ledger, "restored")
    assert page.incidents[0]["status"] == "identified"
    tell(page, ledger, "succeeded")
    assert page.incidents[0]["status"] == "monitoring"
    tell(page, ledger, "monitoring-ok")
    assert [one["status"] for one in page.incidents] == ["resolved"]
    assert page.components == {"api": "degraded_performance", "shop": "operational"}


def test_killed_after_the_incident_was_made(page: Page, tmp_path: Path) -> None:
    """Nothing was recorded: whoever sends again finds it, and makes no second one."""
    tell(page, Ledger(path=tmp_path / "a.json"), "started")
    tell(page, Ledger(path=tmp_path / "b.json"), "started")
    assert len(page.incidents) == 1


def test_the_second_run_of_a_night_knows_what_was_before_the_first(page: Page, tmp_path: Path) -> None:
    """It finds components that the first has marked; in the end they are what they were before both."""
    tell(page, Ledger(path=tmp_path / "a.json"), "started", "restored")
    tell(page, Ledger(path=tmp_path / "b.json"), "started", "succeeded", "monitoring-ok")
    assert [one["status"] for one in page.incidents] == ["resolved"]
    assert page.components == {"api": "degraded_performance", "shop": "operational"}


def test_what_a_person_opened_is_updated(page: Page, tmp_path: Path) -> None:
    """Its name stays theirs."""
    page.incidents.append({"id": "theirs", "name": "Orders fail", "status": "investigating", "incident_updates": []})
    tell(page, Ledger(path=tmp_path / "page.json"), "started")
    (one,) = page.incidents
    assert (one["name"], one["status"], len(one["incident_updates"])) == ("Orders fail", "identified", 1)


def test_nothing_is_opened_by_good_news(page: Page, tmp_path: Path) -> None:
    """Nor by an announcement."""
    tell(page, Ledger(path=tmp_path / "page.json"), "monitoring-ok", "announced", "failed")
    assert not page.incidents


def test_trouble_with_the_page(page: Page, tmp_path: Path) -> None:
    """A wrong key is for a person; 420 is Statuspage's own word for: slowly."""
    with pytest.raises(Never):
        channel(page, key="wrong").check()
    assert "0 incidents" in channel(page).check()
    page.server.trouble = "420"
    with pytest.raises(Later):
        channel(page).check()
