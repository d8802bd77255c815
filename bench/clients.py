"""Who uses the database meanwhile: a reader that notes each answer, and clients that hold what they can."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.production import Production, until

SCRIPT = Path(__file__).with_name("clients.js")
HOSTILE = 8


@dataclass(frozen=True)
class Read:
    """A read that the database answered: when (seconds since the epoch), and the newest order that it saw."""

    at: float
    newest: int


@contextmanager
def at_work(production: Production, mode: str, count: int = 1) -> Iterator[None]:
    """Clients in the stack's own network, as long as it lasts; what a reader saw is for `reads`, before it ends."""
    script = shlex.quote(SCRIPT.read_text(encoding="utf-8"))
    production.inside(
        f"docker run -d --name bench-{mode} --network hummii_default --env-file .env --env MODE={mode} "
        f"--env COUNT={count} hummii-api:1.0 node -e {script} >/dev/null"
    )
    try:
        asks = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'bench-%'"
        there = int(sql(production, asks, "postgres"))
        until(lambda: int(sql(production, asks, "postgres")) >= there + count - 1, f"{mode} clients to connect")
        yield
    finally:
        production.inside(f"docker rm -f bench-{mode} >/dev/null")


def reads(production: Production) -> list[Read]:
    """All that the reader has noted until now."""
    lines = production.inside("docker logs bench-reader").splitlines()
    return [Read(int(at) / 1000, int(newest)) for at, newest in (line.split() for line in lines)]


def sql(production: Production, text: str, database: str = "hummii", limit_s: float = 900) -> str:
    """What PostgreSQL answers. Raises DockerFailed."""
    psql = "psql -X -qAt -v ON_ERROR_STOP=1 -U hummii"
    return production.inside(f"docker exec -i hummii-postgres-1 {psql} {database}", stdin=text, limit_s=limit_s)


def longest_gap(seen: Sequence[Read], since: float, until_: float) -> float:
    """The longest time without an answer, of those that lie at least in part between two moments."""
    return max(
        (after.at - before.at for before, after in pairwise(seen) if after.at >= since and before.at <= until_),
        default=0.0,
    )


def turns(seen: Sequence[object]) -> int:
    """How often the answer changed to another one: each exchange is one turn, any more are wrong answers."""
    return sum(1 for before, after in pairwise(seen) if before != after)
