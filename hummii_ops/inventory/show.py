"""Shows an environment with every default filled in, for `fab config.show`.

It never fetches a secret, and never shows what could lead to one beyond its name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hummii_ops.inventory.models import Environment
from hummii_ops.inventory.secrets import MASK, FromCommand, FromEnv, FromFile


def resolved(environment: Environment) -> dict[str, Any]:
    """Return the environment as JSON values: paths absolute, defaults filled in, secrets as `***`."""
    shown: dict[str, Any] = environment.model_dump(mode="json", exclude={"secrets"})
    health = shown["health"]
    health["path"] = _mask_query(health["path"])
    health["inside"] = health["inside"] and _mask_query(health["inside"])
    shown["secrets"] = {name: _show(reference) for name, reference in environment.secrets.items()}
    return shown


def _show(reference: FromEnv | FromFile | FromCommand) -> dict[str, Any]:
    match reference:
        case FromEnv(env=name):
            return {"env": name, "value": MASK}
        case FromFile(file=file):
            return {"file": str(file), "value": MASK}
        case FromCommand(command=(program, *arguments)):
            return {"command": [program, *([MASK] if arguments else [])], "value": MASK}
    raise AssertionError(type(reference))


def _mask_query(url: str) -> str:
    """Hide what follows "?": a health URL may carry a token there."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=MASK)) if parts.query else url
