"""The served database for the benchmark: grown by SQL, backed up; and what others do with the same backup."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.call import call
from bench.clients import sql
from bench.jobs import FAB
from bench.poller import hash_of
from bench.production import Production, until

MIB = 1024**2
# A customer with four orders, eight messages and two payments, in tables and indexes; and a database without any.
CUSTOMER_BYTES, EMPTY_MIB = 2150, 8
# Without the checks of foreign keys: the rows are made to fit, and a million single looks would take minutes.
FILL = """
SET session_replication_role = replica; SET synchronous_commit = off;
INSERT INTO users (email, password_hash, created_at)
SELECT 'customer-' || n || '@shop.example', left(md5(n::text), 16) || ':' || md5(n::text) || md5((n + 1)::text),
       now() - n * interval '1 minute' FROM generate_series(1, {count}) AS n;
INSERT INTO orders (user_id, item, quantity, created_at)
SELECT u.id, (ARRAY['honey', 'hummus', 'hammock', 'hat', 'harp'])[1 + n % 5], 1 + n % 4, u.created_at
  FROM users u, generate_series(1, 4) AS n WHERE u.email LIKE 'customer-%';
INSERT INTO messages (user_id, text, created_at)
SELECT u.id, 'Where is order ' || n || '? It was to come by ' || md5(u.id::text || n) || md5(n::text), u.created_at
  FROM users u, generate_series(1, 8) AS n WHERE u.email LIKE 'customer-%';
INSERT INTO payments (order_id, amount_cents)
SELECT o.id, 100 * o.quantity FROM orders o JOIN users u ON u.id = o.user_id
 WHERE o.id % 2 = 0 AND u.email LIKE 'customer-%';
VACUUM ANALYZE;
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The stack with a database of some size, its backup, and a customer who knows what is right.

    `now` and `then`: hashes of what the customer's orders look like today, and in the backup.
    """

    production: Production
    folder: Path
    size_mib: int
    backup: str
    url: str
    token: str
    now: str
    then: str

    @classmethod
    def opened(cls, production: Production, folder: Path, megabytes: int) -> Shop:
        """Grow the database, let a customer order, back it up, and let her order once more."""
        production.laptop(folder)
        sql(production, FILL.format(count=max(1, megabytes - EMPTY_MIB) * MIB // CUSTOMER_BYTES))
        api = f"{production.host.url}/api"
        person = {"email": "bench@shop.example", "password": "correct-horse-battery"}
        _post(f"{api}/register", person)
        token = str(_post(f"{api}/login", person)["token"])
        for item in ("tea", "honey", "harp"):
            _post(f"{api}/orders", {"item": item}, token)
        then = _orders(f"{api}/orders", token)
        made = fab(folder, "backup-db", "--reason=bench")
        _post(f"{api}/orders", {"item": "hat"}, token)
        return cls(
            production=production,
            folder=folder,
            size_mib=int(sql(production, "SELECT pg_database_size('hummii')")) // MIB,
            backup=made["backups"][0]["name"],
            url=f"{api}/orders",
            token=token,
            now=_orders(f"{api}/orders", token),
            then=then,
        )

    def bare_restore_s(self) -> float:
        """`pg_restore -j2` of the backup, which lies in the container already, into a fresh database."""
        copied = "hummii-postgres-1:/tmp/bare.dump"
        self.production.inside(f"docker cp backups/database/{self.backup} {copied} >/dev/null")
        self.production.inside("docker exec -u root hummii-postgres-1 chmod a+r /tmp/bare.dump")
        sql(self.production, "CREATE DATABASE bare TEMPLATE template0", "postgres")
        began = time.monotonic()
        self._restore("-j2 -d bare /tmp/bare.dump")
        took = time.monotonic() - began
        sql(self.production, "DROP DATABASE bare", "postgres")
        self.production.inside("docker exec -u root hummii-postgres-1 rm /tmp/bare.dump")
        return took

    def restored_in_place(self) -> tuple[float, float]:
        """The written procedure at its best, over the served database, with the writer stopped; when it was at work."""
        self.production.inside("docker compose -f docker-compose.prod.yml stop api >/dev/null 2>&1")
        began = time.time()
        self._restore(f"--clean --if-exists -1 -d hummii <backups/database/{self.backup}")
        return began, time.time()

    def own_start_s(self) -> float:
        """From `docker start` of the api to its first good answer: what no tool can take away."""
        self.production.inside("docker stop hummii-api-1 >/dev/null")
        began = time.monotonic()
        self.production.inside("docker start hummii-api-1 >/dev/null")
        until(lambda: _answers(self.url, self.token), "the api to answer")
        return time.monotonic() - began

    def _restore(self, rest: str) -> None:
        self.production.inside(f"docker exec -i hummii-postgres-1 pg_restore -U hummii {rest}", limit_s=900)


def fab(folder: Path, *words: str) -> Any:
    """What fab says as JSON. Raises RuntimeError if it ends with another code than 0."""
    return json.loads(call((FAB, *words, "--format=json"), folder).stdout)


def _post(url: str, body: dict[str, str], token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  # the lab's own http
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def _orders(url: str, token: str) -> str:
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
        return hash_of(answer.read())


def _answers(url: str, token: str) -> bool:
    try:
        return bool(_orders(url, token))
    except OSError:
        return False
