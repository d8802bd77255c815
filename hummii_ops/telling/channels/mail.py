"""E-mail: the mails of a run are one thread, and one that is sent twice has the same Message-ID.

smtplib's limit is for each read; a deadline around it holds for all of a mail, and what a server says is read up to a
megabyte. Passwords go over TLS only.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, BinaryIO

from hummii_ops.checks.client.deadline import TimeUp, within
from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Email
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import KINDS, Note

_MOST_BYTES = 1 << 20


class Mail:
    """An SMTP server, and who gets mail through it."""

    doubles = KINDS

    def __init__(self, settings: Email, password: Secret | None, words: Words, *, limit_s: float) -> None:
        self._settings, self._password, self._words = settings, password, words
        self._limit_s = limit_s
        self._begun = False

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """One mail, in the run's thread."""
        mail = self._mail(note)
        if mail is None:
            return "nothing to say"
        self._with_server(lambda server: server.send_message(mail))
        return str(mail["Message-ID"])

    def check(self) -> str:
        """NOOP after login."""
        self._with_server(lambda server: server.noop())
        return f"{self._settings.host} takes the login" if self._settings.user else f"{self._settings.host} answers"

    def _mail(self, note: Note) -> EmailMessage | None:
        said = self._words.of(note)
        if said is None:
            return None
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.sender, ", ".join(self._settings.to)
        mail["Subject"], mail["Date"] = said.title, format_datetime(note.at)
        mail["Message-ID"] = self._id(note.id)
        # The first of a thread need not exist: mail programs gather under it all that name it.
        mail["In-Reply-To"] = mail["References"] = self._id(note.run_id)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{said.title}\n\n{said.text}\n")
        return mail

    def _id(self, word: str) -> str:
        domain = self._settings.sender.rstrip("> ").rpartition("@")[2] or "hummii-ops.invalid"
        return f"<{word}@{domain}>"

    def _with_server(self, act: Callable[[smtplib.SMTP], object]) -> None:
        self._begun = False  # until a mail is begun, none can have arrived
        try:
            within(self._limit_s, lambda: self._talk(act))
        except TimeUp:
            said = f"{self._settings.host}: no end within {self._limit_s:g} s"
            raise Later(said, arrived=self._begun) from None
        except smtplib.SMTPAuthenticationError as error:
            raise Never(f"{self._settings.host} refused the login ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise _judged(f"{self._settings.host} answered {error.smtp_code}", error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=550)
            raise _judged(f"{self._settings.host} refused the addresses ({code})", code) from None
        except smtplib.SMTPNotSupportedError:
            raise Never(f"{self._settings.host} offers no STARTTLS, or no login") from None
        except ssl.SSLCertVerificationError as error:
            raise Never(f"{self._settings.host}: its certificate is not trusted: {error.verify_message}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Later(f"{self._settings.host}: {type(error).__name__}", arrived=self._begun) from None

    def _talk(self, act: Callable[[smtplib.SMTP], object]) -> None:
        at, context = self._settings, ssl.create_default_context()
        if at.user is not None and at.tls == "none":
            raise Never("a password goes over TLS only: `tls: starttls` or `tls: tls`")
        opened = (
            _TlsServer(at.host, at.port, timeout=self._limit_s, context=context)
            if at.tls == "tls"
            else _Server(at.host, at.port, timeout=self._limit_s)
        )
        with opened as server:
            if at.tls == "starttls":
                server.starttls(context=context)
            if at.user is not None and self._password is not None:
                server.login(at.user, self._password.reveal())
            self._begun = True
            act(server)


class _Bounded:
    """smtplib keeps every line of an answer, however many there are."""

    file: Any
    sock: Any

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _AtMost(self.sock.makefile("rb"), _MOST_BYTES)
        return super().getreply()  # type: ignore[misc, no-any-return]  # smtplib's own


class _Server(_Bounded, smtplib.SMTP):
    pass


class _TlsServer(_Bounded, smtplib.SMTP_SSL):
    pass


class _AtMost:
    """A file that ends with an error where it grows too long."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file, self._left = file, most_bytes

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("it says too much")
        return line

    def close(self) -> None:
        self._file.close()


def _judged(said: str, code: int) -> Later | Never:
    """5xx of SMTP stays, 4xx passes: the other way round than in HTTP."""
    return Never(said) if code >= 500 else Later(said, arrived=False)
