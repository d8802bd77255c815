"""E-mail through a real mail server, with STARTTLS and a login."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from counterparts import closed_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from telling_rig import RUN, TOKEN

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Email
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.channels.mail import Mail
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


@dataclass
class Box:
    """A mailbox behind a server."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    certificate = _certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made = Box(port=closed_port())

    def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"ops", TOKEN.encode()), handled=False)

    server = Controller(
        made,
        hostname="localhost",
        port=made.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=login,
        ready_timeout=30,
    )
    server.start()
    yield made
    server.stop()


def _certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


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
