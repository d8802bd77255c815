"""What the public URL sends with its answers. Pure, but for the one request.

The usual headers are those of the OWASP Secure Headers Project; what the inventory names must be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hummii_ops.checks import Measurement
from hummii_ops.checks.client.http import Caller, NoResponse, Request
from hummii_ops.inventory.prevention import Postdeploy
from hummii_ops.transport.text import printable

_USUAL = ("x-content-type-options", "content-security-policy", "referrer-policy")
_OF_HTTPS = "strict-transport-security"
_TELLING = ("server", "x-powered-by")
_VERSION = re.compile(r"\d+\.\d+")


def look(url: str, settings: Postdeploy, *, limit_s: float = 10) -> tuple[Measurement, ...]:
    """Ask once, and judge what came."""
    caller = Caller()
    try:
        sent = caller.ask(Request(url=url, follow=True), limit_s=limit_s, most_bytes=65536).headers
    except NoResponse as error:
        reason = f"could not look: {error}"
        return (Measurement(name="headers", verdict="error", reason=reason, source=_source(url)),)
    finally:
        caller.close()
    return tuple(judge(url, sent, settings))


def judge(url: str, sent: Mapping[str, str], settings: Postdeploy) -> Iterator[Measurement]:
    """A line for each header; only what the inventory names breaks the verdict."""
    must = {name.lower() for name in settings.headers}
    usual = (*_USUAL, _OF_HTTPS) if url.startswith("https:") else _USUAL
    for name in dict.fromkeys((*sorted(must), *usual)):
        there = name in sent or (name == "content-security-policy" and "x-frame-options" in sent and name not in must)
        yield Measurement(
            name=f"header.{name}",
            verdict="pass" if there else "fail",
            reason=printable(sent.get(name, "sent"))[:100] if there else "not sent",
            source=_source(url),
            critical=name in must,
        )
    told = [f"{name}: {sent[name]}" for name in _TELLING if _VERSION.search(sent.get(name, ""))]
    yield Measurement(
        name="header.versions",
        verdict="fail" if told else "pass",
        reason=printable(f"tells what can be attacked: {', '.join(told)}")[:200] if told else "tells no version",
        source=_source(url),
        critical=False,
    )


def _source(url: str) -> str:
    return f"curl -sSLI {url}"
