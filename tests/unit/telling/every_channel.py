"""All kinds of channels at once, each with a vendor that has a memory; what they are told is read from the vendors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterparts import Counterpart, counterpart
from mail_server import Box, mail_server
from vendors import Anything, Github, PagerDuty, Slack, Statuspage

# Those that speak HTTP, and what they talk to; e-mail has a server of its own.
VENDORS = {
    "slack": Slack,
    "slack-webhook": Anything,
    "pagerduty": PagerDuty,
    "webhook": Anything,
    "statuspage": Statuspage,
    "github-issue": Github,
    "apprise": Anything,
}
NAMES = (*VENDORS, "email")


@dataclass(kw_only=True)
class Everyone:
    """Who is told. A channel is named as its kind."""

    servers: dict[str, Counterpart]
    box: Box

    @property
    def places(self) -> dict[str, str]:
        """Channel → base of its URL; of e-mail the port."""
        return {name: server.url for name, server in self.servers.items()} | {"email": str(self.box.port)}

    def vendor(self, name: str) -> Any:
        return self.servers[name].vendor

    def trouble(self, what: str) -> None:
        """With all but the mail server; "" for none."""
        for server in self.servers.values():
            server.trouble = what
            server.held.clear()


@contextmanager
def everyone(certificate: Path) -> Iterator[Everyone]:
    """All of them serve; the mail server with this certificate."""
    with ExitStack() as room:
        servers = {name: room.enter_context(counterpart("", made())) for name, made in VENDORS.items()}
        yield Everyone(servers=servers, box=room.enter_context(mail_server(certificate)))


def channels(places: dict[str, str], *, mail_host: str = "localhost") -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The channels of an inventory, and the secrets that are addresses."""
    mail = {"host": mail_host, "port": int(places["email"]), "user": "ops", "password": "token"}
    found: list[dict[str, Any]] = [
        {"kind": "slack", "channel": "C1", "token": "token", "url": f"{places['slack']}/api"},
        {"kind": "slack-webhook", "url_secret": "hook"},
        {"kind": "pagerduty", "url": places["pagerduty"], "routing_key": "token"},
        {"kind": "webhook", "url": f"{places['webhook']}/hook", "signing_secret": "token"},
        {"kind": "statuspage", "page": "p1", "token": "token", "components": ["api"], "url": places["statuspage"]},
        {"kind": "github-issue", "repository": "hummii/status", "token": "token", "url": places["github-issue"]},
        {"kind": "apprise", "url_secret": "apprise"},
        {"kind": "email", "sender": "ops@hummii.example", "to": ["you@hummii.example"]} | mail,
    ]
    addresses = {
        "hook": f"{places['slack-webhook']}/services/T1",
        "apprise": f"{places['apprise'].replace('http', 'json', 1)}/notify",
    }
    return [one | {"name": one["kind"]} for one in found], addresses
