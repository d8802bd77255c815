"""Trouble with status pages: what was left over is told late, and a page is never half one thing and half another."""

from __future__ import annotations

from counterparts import counterpart
from telling_rig import Make
from vendors import Statuspage

from hummii_ops.telling.outbox import NoteKind
from hummii_ops.telling.teller import Teller

FACTS = {"from": "1.1", "to": "1.0", "who": "you@laptop", "reason": "a broken shop", "hosts": "prod-1"}


def told(teller: Teller, kind: NoteKind) -> None:
    """Say it, and wait until who delivers has ended."""
    teller.say(kind, **FACTS)
    teller.flush(20)
    assert teller.process
    teller.process.wait(timeout=40)


def test_left_over_and_tried_again_after_a_later_one(make: Make) -> None:
    """The page had taken the second note and did not say so; when it is flushed, the third one stays the last."""
    vendor = Statuspage()
    with counterpart("", vendor) as server:
        page = {"kind": "statuspage", "name": "page", "page": "p1", "token": "token", "url": server.url}
        told(make(page), "started")
        server.trouble = "held"
        told(make(page, attempt_s=0.5, retry_s=0.5), "succeeded")
        server.trouble = ""
        told(make(page), "monitoring-ok")
        assert not make(page).flush(20, anew=True)
    (incident,) = vendor.incidents
    stages = [one["status"] for one in reversed(incident["incident_updates"])]
    assert stages == ["identified", "monitoring", "resolved"]
