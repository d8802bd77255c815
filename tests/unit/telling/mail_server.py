"""A real mail server with STARTTLS and a login, and the mailbox behind it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from counterparts import closed_port
from telling_rig import TOKEN


@dataclass
class Box:
    """A mailbox behind a server. While `holding` it keeps a mail, and does not say so."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    holding: bool = False
    held: Event = field(default_factory=Event)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        if self.holding:
            self.held.set()
        while self.holding:
            await asyncio.sleep(0.05)
        return "250 OK"


@contextmanager
def mail_server(certificate: Path, password: str = TOKEN) -> Iterator[Box]:
    """One that serves; its user is `ops`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    box = Box(port=closed_port())

    def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"ops", password.encode()), handled=False)

    server = Controller(
        box,
        hostname="localhost",
        port=box.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=login,
        ready_timeout=30,
    )
    server.start()
    try:
        yield box
    finally:
        server.stop()
