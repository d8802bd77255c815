"""E-mail through a real mail server, with STARTTLS and a login."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from mail_server import Box, mail_server
from telling_rig import RUN, TOKEN

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Email
from hummii_ops.telling.channels.apprise import AppriseService
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.channels.mail import Mail
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path / "server.pem")))
    with mail_server(tmp_path / "server.pem") as made:
        yield made


def mail(port: int, password: str = TOKEN, **more: Any) -> Mail:
    settings = {"kind": "email", "name": "mail", "host": "localhost", "port": port, "user": "ops", "password": "token"}
    settings |= {"sender": "ops@hummii.example", "to": ["a@hummii.example", "b@hummii.example"]} | more
    return Mail(Email.model_validate(settings), Secret(password), Words(audience="team", service="Hummii"), limit_s=5)


def note(number: int, kind: NoteKind) -> Note:
    facts = {"from": "1.1", "to": "1.0", "reason": "Bestellungen gehen nicht: ä<b>", "task": "Zurück nach 1.0 ✓"}
    return Note(id=f"{RUN}.{number}", run_id=RUN, kind=kind, at=NOW, facts=facts)


def test_the_mails_of_a_run_are_one_thread(box: Box, tmp_path: Path) -> None:
    """Each has an id of its own, the same when it is sent again, and names the run's; umlauts arrive."""
    ledger, channel = Ledger(path=tmp_path / "mail.json"), mail(box.port)
    for number, kind in enumerate(("planned", "started", "succeeded"), start=1):
        channel.send(note(number, kind), ledger, again=False)  # type: ignore[arg-type]
    channel.send(note(3, "succeeded"), ledger, again=True)
    assert [one["Message-ID"] for one in box.mails] == [f"<{RUN}.{number}@hummii.example>" for number in (1, 2, 3, 3)]
    assert {one["References"] for one in box.mails} == {one["In-Reply-To"] for one in box.mails}
    assert {one["References"] for one in box.mails} == {f"<{RUN}@hummii.example>"}
    assert "Zurück nach 1.0 ✓" in box.mails[0]["Subject"]
    assert "Bestellungen gehen nicht: ä<b>" in box.mails[0].get_content()
    assert box.mails[0]["To"] == "a@hummii.example, b@hummii.example"


def test_the_login_is_tried_without_a_mail(box: Box) -> None:
    """Right: a sentence; wrong: Never, and the password is in no error; nobody gets a mail."""
    assert "takes the login" in mail(box.port).check()
    with pytest.raises(Never) as caught:
        mail(box.port, password="wrong-secret").check()
    assert "wrong-secret" not in str(caught.value)
    assert not box.mails


def test_a_certificate_that_nobody_trusts(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password does not go to whoever answers."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Never, match="certificate is not trusted"):
        mail(box.port).check()


def test_a_password_goes_over_tls_only(box: Box) -> None:
    """Whatever the inventory says."""
    with pytest.raises(Never, match="TLS only"):
        mail(box.port, tls="none").check()


def test_nobody_answers() -> None:
    """It may answer later."""
    with pytest.raises(Later):
        mail(1).check()


@pytest.mark.parametrize(("form", "shown"), [("", "ä<b>"), ("&format=html", "ä&lt;b&gt;")])
def test_a_service_of_apprise_s_own(box: Box, tmp_path: Path, form: str, shown: str) -> None:
    """Its e-mail, through the same real server: it arrives, and what a person wrote is text there, also in HTML."""
    address = f"mailtos://ops:{TOKEN}@localhost:{box.port}?from=ops@hummii.example&to=you@hummii.example&mode=starttls"
    channel = AppriseService(Secret(address + form), Words(audience="team", service="Hummii"), limit_s=30)
    assert channel.send(note(1, "planned"), Ledger(path=tmp_path / "apprise.json"), again=False) == "sent"
    (arrived,) = box.mails
    assert "Zurück nach 1.0 ✓" in arrived["Subject"]
    read = arrived.get_body(("html", "plain"))
    assert read
    assert read.get_content_subtype() == ("html" if form else "plain")
    assert shown in read.get_content()
