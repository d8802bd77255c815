"""The names that a flow's templates may use, and their values. What is secret among them is masked in every reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets as randomness
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

from hummii_ops.checks.mask import shown
from hummii_ops.transport.text import MASK

BUILT_IN = ("run_id", "uuid", "now", "password", "attempt")
_SHORTEST_HIDDEN = 4  # a shorter one would mask parts of innocent words


class Unknown(Exception):
    """A name that has no value here; the message says which, and never a value."""


def is_secret(name: str, secret_names: frozenset[str] = frozenset()) -> bool:
    """May this name's value not be written down?"""
    return name == "password" or name.startswith(("secret.", "env.")) or name in secret_names


def new_run_id(now: datetime) -> str:
    """Lower case, so that it fits into an e-mail address; unique without asking anyone."""
    return f"{now:%Y%m%dt%H%M%S}-{randomness.token_hex(4)}"


def password(key: bytes, run_id: str) -> str:
    """The password of a run's throw-away users: made again from the run's id by who has the key, and by nobody else."""
    made = hmac.new(key, f"password of {run_id}".encode(), hashlib.sha256).digest()
    return "Ops-1" + base64.urlsafe_b64encode(made).decode().rstrip("=")


class Names:
    """Values by name, for one run of a flow."""

    def __init__(self, run_id: str, *, key: bytes, secret: Callable[[str], str], env: Mapping[str, str]) -> None:
        self.run_id = run_id
        self.values: dict[str, Any] = {}
        self._key, self._secret, self._env = key, secret, env
        self._hidden: set[str] = set()
        self._unwritten: set[str] = set()

    def lookup(self, name: str) -> Any:
        """Its value. Raises Unknown."""
        if name in self.values:
            return self.values[name]
        match name:
            case "run_id":
                return self.run_id
            case "uuid":
                return str(uuid.uuid4())
            case "now":
                return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            case "password":
                return self._hide(password(self._key, self.run_id))
        kind, _, rest = name.partition(".")
        if kind == "env" and rest in self._env:
            return self._hide(self._env[rest])
        if kind == "secret":
            return self._hide(self._secret(rest))
        raise Unknown(f"{name} has no value")

    def keep(self, name: str, value: Any, *, secret: bool = False) -> None:
        """Give a name its value; a secret one is never written down."""
        self.values[name] = value
        if secret:
            self._unwritten.add(name)
            self._hide(value if isinstance(value, str) else json.dumps(value))

    def written(self) -> dict[str, Any]:
        """The values that may be kept in a file."""
        return {name: value for name, value in self.values.items() if name not in self._unwritten}

    def masked(self, text: str) -> str:
        """A reason in which no secret of this run stands, on one short line."""
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, MASK)
        return shown(text, most=160)

    def _hide(self, value: str) -> str:
        if len(value) >= _SHORTEST_HIDDEN:
            inside = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
            self._hidden |= {value, quote(value), quote_plus(value), *inside}
        return value
