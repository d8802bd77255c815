"""The status page of our own: what the public sees of a run, and that it sees nothing else."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hummii_ops.inventory.status_pages import StaticPage
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.static import OwnPage

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def own(folder: Path) -> OwnPage:
    return OwnPage(
        StaticPage(kind="static-page", name="page", folder=folder), Words(audience="public", service="Hummii")
    )


def tell(folder: Path, *kinds: NoteKind, run: str = "run-a", text: str = "", begin: int = 1) -> list[str]:
    """Tell, from this minute on, and return the stages of the incidents, newest first."""
    for number, kind in enumerate(kinds, start=begin):
        facts = {"text": text, "hosts": "prod-1", "to": "1.0", "reason": "<b>because</b>"}
        note = Note(id=f"{run}.{number}", run_id=run, kind=kind, at=NOW + timedelta(minutes=number), facts=facts)
        own(folder).send(note, Ledger(path=folder / "ledger"), again=False)
    return [one["stage"] for one in document(folder)["incidents"]]


def document(folder: Path) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads((folder / "status.json").read_text())
    return found


@pytest.mark.parametrize(
    ("kinds", "stage"),
    [
        (("planned", "started"), "identified"),
        (("started", "step", "verifying", "succeeded"), "monitoring"),
        (("started", "succeeded", "monitoring-ok"), "resolved"),
        (("started", "restored"), "identified"),
        (("started", "needs-person"), "identified"),
        (("started", "succeeded", "regressed"), "identified"),
        (("started", "succeeded", "announced"), "monitoring"),
    ],
)
def test_an_incident_is_resolved_by_watching_alone(tmp_path: Path, kinds: tuple[NoteKind, ...], stage: str) -> None:
    """A rollback that succeeded is a fix in place; one that failed leaves the incident open."""
    assert tell(tmp_path, *kinds) == [stage]
    assert document(tmp_path)["ok"] is (stage == "resolved")


def test_told_twice_is_there_once(tmp_path: Path) -> None:
    """Whoever was killed after writing, and sends again."""
    tell(tmp_path, "started", "succeeded")
    before = document(tmp_path)
    tell(tmp_path, "started", "succeeded")
    assert document(tmp_path) == before


def test_an_open_incident_is_gone_on_with(tmp_path: Path) -> None:
    """The second try of a night, or what a person opened, is the same incident; after it is resolved, a new one."""
    tell(tmp_path, "started", "restored")
    assert tell(tmp_path, "started", "succeeded", "monitoring-ok", run="run-b") == ["resolved"]
    assert tell(tmp_path, "started", run="run-c", begin=9) == ["identified", "resolved"]


@pytest.mark.parametrize("kind", ["monitoring-ok", "announced", "failed", "succeeded"])
def test_what_does_not_say_that_something_is_wrong_opens_nothing(tmp_path: Path, kind: NoteKind) -> None:
    """A page on which all is well stays so: also when a run was refused before it began."""
    assert tell(tmp_path, kind) == []


def test_nothing_from_inside_and_no_markup(tmp_path: Path) -> None:
    """Hosts, versions and reasons are nowhere; what a person announces is text, not markup; the feed is XML."""
    tell(tmp_path, "started", "announced", text="<script>alert(1)</script> & more")
    html, rss = (tmp_path / "index.html").read_text(), (tmp_path / "feed.xml").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    for text in (html, rss, (tmp_path / "status.json").read_text()):
        assert not any(word in text for word in ("prod-1", "1.0<", "because"))
    items = ElementTree.fromstring(rss).findall("./channel/item")
    assert [one.findtext("guid") for one in items] == ["run-a.2", "run-a.1"]
    assert items[0].findtext("description") == "<script>alert(1)</script> & more"
    assert not list(tmp_path.glob(".*.new"))


def test_an_entry_has_its_time_once(tmp_path: Path) -> None:
    """Our wordings end in it, since a chat or a mail shows none; the page has a place for it."""
    tell(tmp_path, "started", "announced", "succeeded", text="See you at 2026-01-15 10:32 UTC")
    html = (tmp_path / "index.html").read_text()
    assert [html.count(f"2026-01-15 10:{minute} UTC") for minute in (31, 32, 33)] == [1, 2, 1]
    assert "We are watching it.</p>" in html


def test_what_is_told_late_is_not_the_last_word(tmp_path: Path) -> None:
    """It stands at its time; an announcement has the stage that was then."""
    tell(tmp_path, "started", "announced", "succeeded", "monitoring-ok", text="soon")
    whole = document(tmp_path)
    (incident,) = json.loads((tmp_path / "status.json").read_text())["incidents"]
    for number in (1, 2):
        updates = [one for n, one in enumerate(incident["updates"]) if n != number]
        kept = whole | {"incidents": [incident | {"updates": updates}]}
        (tmp_path / "status.json").write_text(json.dumps(kept))
        tell(tmp_path, "started", "announced", "succeeded", "monitoring-ok", text="soon")
        assert document(tmp_path) == whole


def late(folder: Path, kind: NoteKind, minute: int, run: str = "run-a") -> list[str]:
    """Tell what happened in that minute, whenever that is done; each run remembers what it told."""
    ledger = Ledger.read(folder / f"{run}.json")
    note = Note(id=f"{run}.{minute}", run_id=run, kind=kind, at=NOW + timedelta(minutes=minute), facts={"text": "soon"})
    own(folder).send(note, ledger, again=False)
    ledger.save()
    return [one["stage"] for one in document(folder)["incidents"]]


def test_a_begin_that_comes_after_its_end_opens_nothing(tmp_path: Path) -> None:
    """The folder was away when it began; when it is there again, all is well. What comes after that opens one."""
    assert late(tmp_path, "announced", 2) == []
    assert late(tmp_path, "succeeded", 3) == []
    assert late(tmp_path, "monitoring-ok", 4) == []
    assert late(tmp_path, "started", 1) == []
    assert late(tmp_path, "regressed", 5) == ["identified"]


def test_a_begin_that_comes_late_while_it_lasts_opens_one(tmp_path: Path) -> None:
    """Neither a failure nor a person's words have ended it."""
    assert late(tmp_path, "restored", 2) == []
    assert late(tmp_path, "announced", 3) == []
    assert late(tmp_path, "started", 1) == ["identified"]


def test_an_older_run_that_comes_late_opens_nothing(tmp_path: Path) -> None:
    """It never got there, and another run's incident was resolved since; a newer run opens one."""
    for minute, kind in ((2, "started"), (3, "monitoring-ok")):
        late(tmp_path, kind, minute, run="run-b")
    late(tmp_path, "announced", 9, run="run-b")
    assert late(tmp_path, "started", 1, run="older") == ["resolved"]
    assert late(tmp_path, "started", 4, run="run-c") == ["identified", "resolved"]


def test_what_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    """A person's own page stays; a folder that is not there may come."""
    (tmp_path / "status.json").write_text("mine")
    with pytest.raises(Never):
        tell(tmp_path, "started")
    assert (tmp_path / "status.json").read_text() == "mine"
    with pytest.raises(Later):
        tell(tmp_path / "absent", "started")


def test_the_document_keeps_to_its_schema(tmp_path: Path) -> None:
    """Whoever reads status.json can rely on what is published."""
    tell(tmp_path, "started", "succeeded", "monitoring-ok")
    schema = json.loads((Path(__file__).resolve().parents[3] / "docs/schemas/status-page.schema.json").read_text())
    assert not list(Draft202012Validator(schema).iter_errors(document(tmp_path)))
