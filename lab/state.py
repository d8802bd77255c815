"""A lab's name and places: what it is called, where it keeps what it must remember, and its ports."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from hummii_ops.errors import UsageError

LOOPBACK = "127.0.0.1"
FIRST_PORT = 20000
PORT_RANGE = 12000
"""Below the range from which Linux takes ports for outgoing connections."""
PAYMENTS_ENV = "STRIPE_SECRET_KEY=sk_test_of_the_lab_no_real_key\nSTRIPE_API_BASE=http://100.100.0.1:8420\n"
"""How the stack reaches the payment service of its lab, by way of its host (images/host/lab-host)."""


@dataclass(frozen=True)
class LabHost:
    """One host as recorded: `number` from 1; ports on 127.0.0.1 of this machine."""

    number: int
    ssh_port: int
    url_port: int

    @property
    def name(self) -> str:
        return f"lab-{self.number}"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.url_port}"


@dataclass(frozen=True)
class Record:
    """What the lab remembers between commands. `golden` names the state that its hosts are copies of."""

    proxy: str = "static"
    golden: str = ""
    hosts: tuple[LabHost, ...] = ()


@dataclass(frozen=True)
class Lab:
    """A lab of one checkout: two checkouts, or two names, share nothing but images."""

    checkout: Path
    name: str

    @classmethod
    def here(cls) -> Lab:
        """The lab of this checkout, named by HUMMII_LAB (default `lab`)."""
        name = os.environ.get("HUMMII_LAB", "") or "lab"
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
            raise UsageError(
                f"HUMMII_LAB={name!r} is not a lab's name",
                remedy="use at most 20 small letters, digits and dashes, beginning with a letter",
            )
        return cls(checkout=Path(__file__).resolve().parent.parent, name=name)

    @cached_property
    def prefix(self) -> str:
        """What the names of all its containers, networks and volumes begin with."""
        return f"hummii-{hashlib.sha256(str(self.checkout).encode()).hexdigest()[:8]}-{self.name}"

    @property
    def folder(self) -> Path:
        return self.checkout / ".lab" / self.name

    @property
    def identity_file(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def environment_file(self) -> Path:
        return self.folder / "environment.yml"

    @property
    def network(self) -> str:
        return f"{self.prefix}-net"

    def container(self, host: LabHost) -> str:
        return f"{self.prefix}-{host.number}"

    def read(self) -> Record:
        try:
            found = json.loads((self.folder / "hosts.json").read_text())
        except FileNotFoundError:
            return Record()
        return Record(found["proxy"], found["golden"], tuple(LabHost(**host) for host in found["hosts"]))

    def write(self, record: Record) -> None:
        write_beside(self.folder / "hosts.json", json.dumps(asdict(record), indent=2) + "\n")

    def public_key(self) -> str:
        """The lab's client key, made at first use."""
        if not self.identity_file.exists():
            comment = f"hummii-lab-{self.name}"
            command = [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                comment,
                "-f",
                str(self.identity_file),
            ]
            subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        return self.identity_file.with_suffix(".pub").read_text().strip()

    def production_env(self) -> str:
        """The stack's .env: secrets made once for this lab."""
        path = self.folder / "production.env"
        if not path.exists():
            password = secrets.token_hex(16)
            lines = (
                f"POSTGRES_PASSWORD={password}",
                f"DATABASE_URL=postgresql://hummii:{password}@postgres:5432/hummii",
                f"JWT_SECRET={secrets.token_hex(32)}",
                "LOG_LEVEL=info",
            )
            write_beside(path, "\n".join(lines) + "\n")
        return path.read_text() + PAYMENTS_ENV

    def free_ports(self, taken: set[int]) -> Iterator[int]:
        """Ports that nobody listens on, beginning at one that follows from the lab's prefix."""
        offset = int(hashlib.sha256(self.prefix.encode()).hexdigest()[:8], 16)
        for step in range(PORT_RANGE):
            port = FIRST_PORT + (offset + step) % PORT_RANGE
            if port not in taken and is_free(port):
                yield port


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def write_beside(path: Path, text: str) -> None:
    """Replace a file whole: readers see the old or the new one. For the owner only."""
    beside = path.with_name(f".{path.name}.new")
    beside.touch(mode=0o600)
    beside.write_text(text)
    beside.replace(path)
