"""The database of a production, as PostgreSQL itself tells it: every row of it, and the databases that stand beside."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from lab_production import Production

SQL = 'docker exec -i "$(docker ps -q --filter label=com.docker.compose.service=postgres)" psql -X -qAt -U hummii -d'
# Every row of every table, in one hash; the session is pinned, or a database's own settings would show in it.
CONTENT = """
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 3;
SELECT format('SELECT %L, sum(hashtextextended(t::text, 0)), count(*) FROM %I.%I t', relname, nspname, relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'r' AND nspname = 'public' ORDER BY relname \\gexec
"""
OURS = "SELECT datname FROM pg_database WHERE datname LIKE 'hummii_ops_%'"


def sql(production: Production, text: str, database: str = "hummii") -> str:
    return production.sh(f'printf "%s\n" "$1" | {SQL} "$2"', text, database)


def order(production: Production) -> int:
    """What a customer gets who registers and orders: the status of the order."""
    email = f"someone-{sql(production, 'SELECT count(*) FROM users')}@shop.example"

    def post(path: str, body: dict[str, object], token: str = "") -> tuple[int, dict[str, str]]:
        asked = urllib.request.Request(
            f"{production.host.url}/api/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}

    person = {"email": email, "password": "correct-horse-battery"}
    post("register", dict(person))
    _, session = post("login", dict(person))
    return post("orders", {"item": "tea", "quantity": 2}, session.get("token", ""))[0]
