"""Whatever `verify`, a rollback and an undo ask of a host fits what a restricted key may ask: script and words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

import pytest
from built_snapshots import NOW, snapshot

from hummii_ops.checks.compared import baseline
from hummii_ops.checks.database import database_load
from hummii_ops.checks.logs import deploy_output, excerpts, last_words
from hummii_ops.checks.requests import access_log, outside_services, prometheus, responses
from hummii_ops.checks.requests.user_requests import Window
from hummii_ops.checks.resources import resources
from hummii_ops.errors import HummiiError
from hummii_ops.facts.database import read_backups, read_migrations
from hummii_ops.facts.reading import read
from hummii_ops.inventory.models import Environment
from hummii_ops.run import restricted
from hummii_ops.run.entry import Entry
from hummii_ops.transport import FakeTransport, LinkLost, Result
from hummii_ops.transport.shell import standard_input

ENVIRONMENT = Environment(
    name="lab",
    hosts=({"name": "h", "address": "h"},),
    proxy={"service": "nginx"},
    database={"name": "app", "user": "app"},
    prometheus={"url": "http://127.0.0.1:9090", "asked_from": "host", "labels": {"job": "api"}},
    critical_endpoints=("/api/orders?x=1&y=a",),
    dependencies=({"name": "payments", "url": "https://pay.example/health"},),
)


def answer(_script: str, _args: Sequence[str]) -> Result:
    raise LinkLost("asked, and no more")


ASKED: dict[str, Callable[[FakeTransport], object]] = {
    "read": lambda host: read.read(host, ENVIRONMENT),
    "migrations": lambda host: read_migrations.read_migrations(host, ENVIRONMENT, [f"sha256:{'a' * 64}"]),
    "backups": lambda host: read_backups.read_backups(host, ENVIRONMENT),
    "logs": lambda host: excerpts.read(
        host, excerpts.questions(snapshot(), version_service="api"), ENVIRONMENT.logs.critical
    ),
    "last words": lambda host: last_words.read(host, snapshot().containers),
    "resources": lambda host: resources.read(host, snapshot(), version_service="api"),
    "access log": lambda host: access_log.read(
        host,
        Window(containers=(("nginx-1", "a" * 64),), since=NOW - timedelta(hours=1), until=NOW),
        ENVIRONMENT,
    ),
    "responses": lambda host: responses.probe_on_host(
        host, ["http://127.0.0.1" + path for path in ("/api/health", "/api/orders?x=1&y=a")]
    ),
    "outside": lambda host: outside_services.look(host, ENVIRONMENT),
    "deploy": lambda host: deploy_output.read(host, ENVIRONMENT, "/opt/hummii/.hummii-ops"),
    "prometheus": lambda host: prometheus.measure(host, ENVIRONMENT),
    "baseline": lambda host: baseline.read(host, "/opt/hummii/.hummii-ops", not_of="abc123"),
    "database": lambda host: database_load.read(host, ENVIRONMENT, ENVIRONMENT.database),
    "claim": lambda host: Entry(transport=host, home="/opt/hummii/.hummii-ops").call("claim", "2026-x"),
    "mark": lambda host: Entry(transport=host, home="/opt/hummii/.hummii-ops").call("write", "marks/abc123"),
}


def fits(script: str, args: Sequence[str]) -> bool:
    """As the gate has it."""
    digest = sha256(standard_input(script)).hexdigest()
    for one in restricted.known(ENVIRONMENT):
        same = sha256(standard_input(one.text)).hexdigest() == digest
        rest = args[len(one.words) :]
        if same and tuple(args[: len(one.words)]) == one.words and all(re.fullmatch(one.more, word) for word in rest):
            return True
    return False


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked(name: str) -> None:
    """The script is one of those that are installed, and its words are such as it may have."""
    host = FakeTransport(answer)
    with suppress(HummiiError, LinkLost):
        ASKED[name](host)
    assert host.calls
    for call in host.calls:
        assert fits(call.script, call.args), call.args


BACKUP = "/opt/hummii/backups/docker-compose.prod.yml.backup-20260101_000000Z"
RUN = "/opt/hummii/.hummii-ops/runs/20260101T000000Z-rollback-cafe"


def test_the_files_of_a_release() -> None:
    """What Compose makes of a release's file."""
    words = ("/opt/hummii", "hummii", BACKUP, f"{BACKUP}.release", f"use:{BACKUP}.release/files/.env", "env:.env")
    assert fits(read.script("target.sh"), words)
    assert fits(read.script("target.sh"), (*words[:4], "use:/opt/hummii/.env"))


@pytest.mark.parametrize(
    "word",
    [
        "/etc/shadow",
        f"{RUN}/plan.json",
        f"{RUN}/plan.json.backup-1",
        "/opt/hummii/docker-compose.prod.yml",
        "/opt/hummii/uploads/x.backup-1",
        "/opt/hummii/backups/x/y.backup-1",
        "/opt/hummii/backups/dump.sql",
        f"{BACKUP}.release/files/docker-compose.prod.yml",
        f"use:{RUN}/options",
        f"use:{BACKUP}.release/record.json",
        "use:/opt/hummii/uploads/.env",
        "env:uploads/secret",
        "env:../../etc/environment",
    ],
)
def test_other_files_than_those_of_a_release(word: str) -> None:
    """Compose reads no file that a run brought along or that is not of a restore point: what it fills in is secret."""
    assert not fits(read.script("target.sh"), ("/opt/hummii", "hummii", word))
