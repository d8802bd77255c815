"""Who delivers, as a real process against real servers: each thing is told once; trouble stays its own."""

from __future__ import annotations

import hashlib
import hmac
import threading
from pathlib import Path

import pytest
from counterparts import counterpart
from telling_rig import RUN, TOKEN, Make, slack, until
from vendors import Anything, PagerDuty

from hummii_ops.telling.deliver import deliver
from hummii_ops.telling.desk import Desk
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Outbox

FACTS = {"from": "1.1", "to": "1.0", "who": "you@laptop", "reason": "a <b>broken</b> & slow shop", "hosts": "prod-1"}


def test_slack_is_one_message_that_is_edited_and_a_thread(make: Make, folder: Path) -> None:
    """The run is one message; it is edited as the run proceeds, and the thread tells what happened in its order."""
    with counterpart() as server:
        teller = make(slack(f"{server.url}/api"))
        for kind in ("planned", "started", "verifying", "succeeded"):
            teller.say(kind, **FACTS)
        assert not teller.flush(20)
    root, *thread = server.messages
    assert [one["thread_ts"] for one in thread] == [root["ts"]] * 3
    assert [one["metadata"]["event_payload"]["event_id"] for one in server.messages] == [
        f"{RUN}.{n}" for n in (1, 2, 3, 4)
    ]
    assert {one["ts"] for one in server.updates} == {root["ts"]}
    assert "succeeded" in server.updates[-1]["text"]
    assert "&lt;b&gt;broken&lt;/b&gt; &amp; slow" in root["text"]
    assert server.asked[0][1]["authorization"] == f"Bearer {TOKEN}"
    kept = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert TOKEN not in kept


def test_one_channel_does_not_hold_up_another(make: Make) -> None:
    """The team hears it, though the public's webhook is a black hole."""
    with counterpart() as good, counterpart("black-hole") as bad:
        hole = {"kind": "webhook", "name": "hole", "url": bad.url, "signing_secret": "token"}
        teller = make(hole, slack(good.url), attempt_s=1, retry_s=1)
        teller.say("started", **FACTS)
        until(lambda: good.messages)
        assert [one.channel for one in teller.flush(1)] == ["hole"]


def test_a_webhook_is_signed_and_has_one_key_however_often_it_is_tried(make: Make) -> None:
    """The other side can tell that it is us, and that it had it before; tried again after a 500."""
    with counterpart("500-once", Anything()) as server:
        teller = make(
            {"kind": "webhook", "name": "hook", "url": f"{server.url}/hook", "signing_secret": "token"}, retry_s=10
        )
        teller.say("succeeded", **FACTS)
        assert not teller.flush(20)
    assert [headers["idempotency-key"] for _, headers, _ in server.asked] == [f"{RUN}.1"] * 2
    _, headers, body = server.asked[1]
    stamp = headers["x-hummii-timestamp"]
    wanted = hmac.new(TOKEN.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-hummii-signature"] == f"sha256={wanted}"


def test_a_refused_token_turns_the_channel_off_with_one_warning(make: Make, folder: Path) -> None:
    """Four messages, one attempt, one line; later a mended channel gets them all."""
    with counterpart("401") as server:
        teller = make(slack(server.url))
        for kind in ("planned", "started", "verifying", "succeeded"):
            teller.say(kind, **FACTS)
        (left,) = teller.flush(20)
        assert (left.kinds, left.over, len(server.asked)) == (("planned", "started", "verifying", "succeeded"), True, 1)
        assert teller.process
        teller.process.wait(timeout=20)
        assert len((folder / ".telling" / "warnings.log").read_text().splitlines()) == 1
        server.trouble = ""
        assert not teller.flush(20, anew=True)
        assert len(server.messages) == 4


def test_pagerduty_calls_only_when_a_person_is_needed(make: Make) -> None:
    """A run is a change; a mixed end is one alert by the run's id; what heals it resolves that alert."""
    pager = PagerDuty()
    with counterpart("", pager) as server:
        teller = make({"kind": "pagerduty", "name": "pager", "url": server.url, "routing_key": "token"})
        for kind in ("planned", "started", "needs-person", "succeeded"):
            teller.say(kind, **FACTS)
        assert not teller.flush(20)
    assert pager.alerts == {RUN: ["trigger", "resolve"]}
    assert len(pager.changes) == 2


def test_the_address_of_a_webhook_is_nowhere(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the secret itself: in no ledger, no warning, no reason that is shown."""
    with counterpart("401") as server:
        address = f"{server.url}/services/very-secret-path"
        monkeypatch.setenv("HUMMII_TEST_TOKEN", address)
        teller = make({"kind": "slack-webhook", "name": "hook", "url_secret": "token"})
        teller.say("started", **FACTS)
        (left,) = teller.flush(20)
        assert server.asked[0][0] == "/services/very-secret-path"
    kept = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert left.why == "127.0.0.1 answered 401"
    assert "very-secret" not in kept + left.why


def test_telling_never_raises(make: Make, folder: Path) -> None:
    """A folder that cannot be written costs the message, not the run."""
    teller = make(slack("http://127.0.0.1:1"))
    folder.rmdir()
    folder.write_text("in the way")
    teller.say("started", **FACTS)
    assert list(teller.flush(1)) == []


def test_a_torn_line_loses_nothing_else(folder: Path) -> None:
    """A power cut in the middle of a line: what came before and after is there, and keeps its id."""
    outbox = Outbox(folder)
    outbox.append("planned", {})
    with outbox.path.open("a") as file:
        file.write('{"at": "20')
    outbox.append("started", {"reason": "TOKEN=abcdef\nand \x1b[31mred"})
    assert [(one.id, one.kind) for one in outbox.notes()] == [(f"{RUN}.1", "planned"), (f"{RUN}.3", "started")]
    assert outbox.notes()[1].facts["reason"] == "TOKEN=*** and red"


def test_who_delivers_leaves_when_all_is_written(make: Make, folder: Path) -> None:
    """What was told or given up is in the ledger, however slow the disk is: nobody writes any more when it ends."""
    with counterpart() as server:
        make(slack(f"{server.url}/api"), attempt_s=20, retry_s=20)
        told = {"inventory": folder.parent.parent / "inventory.yml", "environment": "production"}
        for number in range(3):
            Outbox(folder).append("announced", {"text": f"{number}"})
            Desk(folder).open(**told)
            deliver(folder)
            assert [thread for thread in threading.enumerate() if thread.name == "courier"] == []
        assert len(Ledger.read(folder / ".telling" / "team.json").delivered) == 3
