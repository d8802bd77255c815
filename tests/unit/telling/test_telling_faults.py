"""Every kind of trouble with every kind of channel: the run pays nothing, and the record says what is not out."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import run_folders
from certificates import certificate
from counterparts import black_hole, closed_port, counterpart, greeting
from every_channel import NAMES, VENDORS, Everyone, channels, everyone
from mail_server import mail_server
from telling_rig import RUN, Make, until

from hummii_ops.errors import ExitCode
from hummii_ops.run import kept
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.reply.told import Told, ended
from hummii_ops.telling.report.document import document
from hummii_ops.telling.report.messages import TWICE, UNDELIVERED

FACTS = {"from": "1.1", "to": "1.0", "who": "you@laptop", "reason": "a <b>broken</b> shop", "hosts": "prod-1"}
# Who answers 200 has taken it, whatever else is in the answer; only these read on.
_READ_ON = {"slack", "statuspage", "github-issue"}
AMISS: dict[str, set[str]] = {
    "refused": set(NAMES),
    "unknown-to-dns": set(NAMES),
    "black-hole": set(NAMES),
    "silent": set(NAMES) - {"email"},
    "expired-certificate": set(NAMES),
    "500": set(NAMES),
    "429": set(NAMES),
    "drip": set(NAMES),
    "huge": {*_READ_ON, "apprise", "email"},
    "ok-false": _READ_ON,
    "revoked": set(NAMES),
}


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Everyone]:
    """All are well; their certificates and the expired one are trusted: time alone is wrong with that."""
    made = certificate(tmp_path / "server.pem"), certificate(tmp_path / "expired.pem", expired=True)
    (tmp_path / "trusted.pem").write_bytes(b"".join(one.read_bytes() for one in made))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "trusted.pem"))
    with everyone(tmp_path / "server.pem") as found:
        yield found


def amiss(trouble: str, people: Everyone, room: ExitStack, folder: Path) -> tuple[dict[str, str], str]:
    """Where the channels are sent to instead, and the host of the mail server."""
    everywhere, mail = dict.fromkeys(VENDORS, ""), {"email": people.places["email"]}
    match trouble:
        case "refused":
            closed = str(closed_port())
            return dict.fromkeys(everywhere, f"http://127.0.0.1:{closed}") | {"email": closed}, "localhost"
        case "unknown-to-dns":
            return dict.fromkeys(everywhere, "http://nobody.invalid") | mail, "nobody.invalid"
        case "black-hole":
            hole = str(room.enter_context(black_hole()))
            return dict.fromkeys(everywhere, f"http://127.0.0.1:{hole}") | {"email": hole}, "127.0.0.1"
        case "expired-certificate":
            old = folder / "expired.pem"
            servers = {name: room.enter_context(counterpart("", certificate=old)) for name in everywhere}
            urls = {name: f"https://localhost:{server.server_port}" for name, server in servers.items()}
            return urls | {"email": str(room.enter_context(mail_server(old)).port)}, "localhost"
    people.trouble("black-hole" if trouble == "silent" else trouble)
    words = {"500": (b"554 no\r\n", 60.0), "429": (b"421 later\r\n", 60.0), "drip": (b"2", 1.0), "huge": (_HUGE, 0.0)}
    if trouble in words:
        mail = {"email": str(room.enter_context(greeting(*words[trouble])))}
    elif trouble == "revoked":
        mail = {"email": str(room.enter_context(mail_server(folder / "server.pem", "another")).port)}
    return people.places | mail, "127.0.0.1" if trouble in words else "localhost"


_HUGE = b"220-and more\r\n" * 5000


@pytest.mark.parametrize("trouble", AMISS)
def test_trouble_with_every_channel(trouble: str, people: Everyone, make: Make, folder: Path, tmp_path: Path) -> None:
    """Telling takes no time; the end waits as long as it may, with the exit code that it had; the process ends by
    itself; the record names what is not out, and a flush sends it when all is well again."""
    run_folders.laid(tmp_path / "recorded").joinpath(run_folders.HOST).rename(folder / run_folders.HOST)
    with ExitStack() as room:
        places, host = amiss(trouble, people, room, tmp_path)
        found, addresses = channels(places, mail_host=host)
        teller = make(*found, attempt_s=0.5, retry_s=0.5, flush_s=1, secrets=addresses)
        told = Told(teller=teller, run_id=RUN, facts=dict(FACTS))
        began = time.monotonic()
        told.say("started")
        assert time.monotonic() - began < 1
        began = time.monotonic()
        reply = ended(told, Reply(kind="rollback", exit_code=ExitCode.RESTORED, verdict="restored"), ())
        assert time.monotonic() - began < 2
        assert (reply.exit_code, reply.verdict) == (ExitCode.RESTORED, "restored")
        assert {one["channel"] for one in reply.body["undelivered"]} >= AMISS[trouble]
        assert teller.process
        teller.process.wait(timeout=40)
        assert not_out(folder) >= AMISS[trouble]
    people.trouble("")
    found, addresses = channels(people.places)
    mended = make(*found, attempt_s=20, retry_s=20, secrets=addresses)
    assert not mended.flush(60, anew=True)
    assert not_out(folder) == set()


def told_of(folder: Path) -> list[dict[str, Any]]:
    """What the record says of messages and channels."""
    report = document(kept.read(folder))
    return [one | {"kind": message["kind"]} for message in report["messages"] for one in message["channels"]]


def not_out(folder: Path) -> set[str]:
    return {one["channel"] for one in told_of(folder) if one["state"] == UNDELIVERED}


def test_killed_between_the_post_and_its_record(people: Everyone, make: Make, folder: Path, tmp_path: Path) -> None:
    """kill -9 at the worst moment, twice. Who can be asked has each message once; the others get a second copy with the
    same id or key, and the record says so."""
    run_folders.laid(tmp_path / "recorded").joinpath(run_folders.HOST).rename(folder / run_folders.HOST)
    found, addresses = channels(people.places)
    for kind in ("started", "needs-person"):
        people.trouble("held")
        people.box.holding = True
        people.box.held.clear()
        teller = make(*found, attempt_s=25, retry_s=30, secrets=addresses)
        teller.say(kind, **FACTS)
        until(lambda: people.box.held.is_set() and all(one.held.is_set() for one in people.servers.values()), 60)
        assert teller.process
        os.kill(teller.process.pid, signal.SIGKILL)
        teller.process.wait()
        teller.close()
        people.trouble("")
        people.box.holding = False
        again = make(*found, attempt_s=25, retry_s=30, secrets=addresses)
        assert not again.flush(60)
        assert again.process
        again.process.wait(timeout=60)
    assert_once_where_it_can_be_asked(people)
    assert [one["Message-ID"] for one in people.box.mails] == [f"<{RUN}.{n}@hummii.example>" for n in (1, 1, 2, 2)]
    keys = Counter(headers["idempotency-key"] for _, headers, _ in people.servers["webhook"].asked)
    assert keys == {f"{RUN}.1": 2, f"{RUN}.2": 2}
    twice = Counter(one["channel"] for one in told_of(folder) if one["state"] == TWICE)
    assert twice == {"email": 2, "webhook": 2, "slack-webhook": 2, "apprise": 2, "pagerduty": 1}
    assert not_out(folder) == set()


def assert_once_where_it_can_be_asked(people: Everyone) -> None:
    root, thread = people.vendor("slack").messages
    assert thread["thread_ts"] == root["ts"]
    (incident,) = people.vendor("statuspage").incidents
    assert len(incident["incident_updates"]) == 2
    github = people.vendor("github-issue")
    assert (len(github.issues), len(github.comments[1])) == (1, 1)
    pager = people.vendor("pagerduty")
    assert pager.alerts == {RUN: ["trigger", "trigger"]}  # one key: one alert
    assert len(pager.changes) == 2  # a change has no key; it calls nobody
