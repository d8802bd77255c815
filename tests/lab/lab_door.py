"""The server's own door, by hand."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass

from lab_production import PROJECT, Production

RESTORE = "scripts/backup/restore-database.sh"
QUICK = "health: {path: /api/health, inside: 'http://127.0.0.1/api/health', settle_s: 1}"


@dataclass(frozen=True, kw_only=True)
class Done:
    code: int
    out: str
    err: str


def by_hand(production: Production, *words: str, user: str = "deploy", script: str = "scripts/rollback.sh") -> Done:
    """The script as a person on the server calls it, without a terminal."""
    line = f"cd {PROJECT} && {shlex.join([f'./{script}', *words])}"
    call = ["docker", "exec", "-i", "-u", user, production.name, "sh", "-c", line]
    found = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    return Done(code=found.returncode, out=found.stdout, err=found.stderr)


def await_ill(production: Production, *, replicas: int = 1) -> None:
    """A plan holds how each service was: two plans are equal only once Docker has made up its mind."""
    production.sh(
        "until docker ps --filter health=unhealthy --format '{{.Names}}' | grep -c '^hummii-api-' | grep -qx $1;"
        " do sleep 0.1; done",
        str(replicas),
    )


def plan_words(document: dict[str, object]) -> dict[str, list[tuple[object, ...]]]:
    """The steps of a plan, without their titles; what looks from outside has no place at the door."""
    return {
        name: [
            (one["id"], one["limit_s"], one["effect"], tuple(one["holds"]), tuple(one["act"]))
            for one in document[name]  # type: ignore[attr-defined]
            if one["id"] != "confirmed-outside"
        ]
        for name in ("forward", "back")
    }
