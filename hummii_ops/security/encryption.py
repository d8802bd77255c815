"""The TLS of the public URL: is its certificate good, for how long, and does it speak nothing that is broken?"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from hummii_ops.checks import SKIPPED, Measurement
from hummii_ops.checks.client.deadline import TimeUp, within
from hummii_ops.inventory.prevention import Postdeploy
from hummii_ops.transport.text import printable

_LIMIT_S = 10.0
_NAME, _OLD = "tls.certificate", "tls.old-versions"


def look(url: str, settings: Postdeploy, *, trusted: ssl.SSLContext | None = None) -> tuple[Measurement, ...]:
    """The measurements of one URL; `trusted`: whom to trust, else as this machine does."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return (_open(parts, settings),)
    return tuple(_encrypted(parts, settings, trusted or ssl.create_default_context()))


def _open(parts: SplitResult, settings: Postdeploy) -> Measurement:
    host = parts.hostname or ""
    inside = host == "localhost"
    with suppress(ValueError):
        inside = ipaddress.ip_address(host).is_private
    if inside and not settings.https:
        reason = f"{host} is no public address, and http is enough for it"
        return Measurement(name="tls", verdict=SKIPPED, reason=reason, source=_source(parts))
    reason = "the public URL is http: whoever is on the way reads and changes what is sent"
    return Measurement(
        name="tls", verdict="fail", reason=reason, source=_source(parts), critical=settings.https, value="http"
    )


def _encrypted(parts: SplitResult, settings: Postdeploy, trusted: ssl.SSLContext) -> Iterator[Measurement]:
    source = _source(parts)
    try:
        version, until = within(_LIMIT_S, lambda: _greeted(parts, trusted))
    except ssl.SSLCertVerificationError as error:
        yield Measurement(name=_NAME, verdict="fail", reason=printable(error.verify_message), source=source)
        return
    except (OSError, TimeUp, ValueError) as error:
        reason = f"could not look: {printable(str(error)) or type(error).__name__}"
        yield Measurement(name=_NAME, verdict="error", reason=reason, source=source)
        return
    days = (until - datetime.now(UTC)).days
    late = days < settings.certificate_days
    yield Measurement(
        name=_NAME,
        verdict="fail" if late else "pass",
        reason=f"{version}; valid until {until:%Y-%m-%d}" + (": renew it" if late else ""),
        source=source,
        value=days,
        unit="d",
    )
    old = _speaks_old(parts)
    yield Measurement(
        name=_OLD,
        verdict="fail" if old else "pass",
        reason="it still speaks TLS 1.0 or 1.1" if old else "it speaks neither TLS 1.0 nor 1.1",
        source=f"{source} -tls1_1",
    )


def _greeted(parts: SplitResult, context: ssl.SSLContext) -> tuple[str, datetime]:
    with (
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as link,
    ):
        found = link.getpeercert() or {}
        seconds = ssl.cert_time_to_seconds(str(found["notAfter"]))
        return str(link.version()), datetime.fromtimestamp(seconds, tz=UTC)


def _speaks_old(parts: SplitResult) -> bool:
    """Does it take a greeting that knows nothing newer than TLS 1.1? Where this machine cannot greet so, it says no."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only the version is asked about
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        within(_LIMIT_S, lambda: _shake(parts, context))
    except (OSError, TimeUp, ValueError):
        return False
    return True


def _shake(parts: SplitResult, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname),
    ):
        return


def _source(parts: SplitResult) -> str:
    return f"openssl s_client -connect {parts.hostname}:{parts.port or 443} -servername {parts.hostname}"
