"""Whatever a server, a service or a torn file says: a value or a declared error, never another exception, and soon.

Seeds are real answers; what is fuzzed are changes to them, and plain noise.
"""

# ruff: noqa: E501 - a seed is one answer, in a line

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy
from odd_values import DEEP, docker, frame, framed, odd_bytes, odd_json, odd_text, tarred
from right_answers import BASELINE, CLAIM, CONTAINER, EVENT, HOST, IMAGE, MANIFEST, PROCESS, PROMETHEUS, RECORD, SERVED

from hummii_ops.checks.client.http import Response
from hummii_ops.checks.client.timing import Timing
from hummii_ops.checks.compared import baseline
from hummii_ops.checks.database import database_load
from hummii_ops.checks.flows.load import load
from hummii_ops.checks.logs import excerpts
from hummii_ops.checks.requests import access_log, prometheus
from hummii_ops.checks.resources import resources
from hummii_ops.errors import HummiiError
from hummii_ops.facts.archive import kept_files
from hummii_ops.facts.database.archive_header import archive_header
from hummii_ops.facts.database.magic import recognise
from hummii_ops.facts.database.parse_backups import parse_backups, parse_contents, parse_manifest
from hummii_ops.facts.database.read_database import rows_of
from hummii_ops.facts.database.read_migrations import parse_migrations
from hummii_ops.facts.frames import Frame, frames
from hummii_ops.facts.new_server.unknown_server import parse_probes, parse_server
from hummii_ops.facts.reading import parse_claims, parse_docker
from hummii_ops.facts.reading.parse import parse
from hummii_ops.facts.reading.parse_target import parse_target
from hummii_ops.facts.restore_points.compose_text import Unparsable, parse_compose
from hummii_ops.facts.restore_points.record import BadRecord, parse_record
from hummii_ops.inventory.load import check
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.plan import Plan
from hummii_ops.run import journal, mirror
from hummii_ops.run.kept import read_lines, read_object
from hummii_ops.run.outage import outage
from hummii_ops.telling.channels.channel import NotSent
from hummii_ops.telling.channels.posting import json_of, list_of, retry_after_s
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Outbox
from hummii_ops.transport.hostkeys import load_known_hosts

SOON_S = 20.0  # of this process; what cannot be read for its depth costs 5 s, however deep

NOW = datetime(2026, 1, 1, tzinfo=UTC)

ENVIRONMENT = Environment(name="lab", hosts=({"name": "h", "address": "h"},), database={"name": "app", "user": "app"})

PLAN = json.loads((Path(__file__).parents[2] / "golden/runs/0.1/mixed/plan.json").read_text())


def text_file(folder: Path, read: Callable[[Path], object]) -> Callable[[str], object]:
    def written(text: str) -> object:
        path = folder / "file"
        path.write_bytes(text.encode(errors="surrogatepass"))
        return read(path)

    return written


def responded(read: Callable[[Response, str], object]) -> Callable[[str], object]:
    def answered(text: str) -> object:
        body = text.encode(errors="surrogatepass")
        return read(Response(status=200, headers={}, body=body, whole=True, timing=Timing()), "https://x")

    return answered


def snapshot(answer: bytes) -> object:
    return parse(answer, ENVIRONMENT, host_name="h", asked_at=NOW)


TAR = tarred({"/opt/hummii/.hummii-ops/lease": CLAIM.encode(), "/opt/hummii/.hummii-ops/runs/R/state": b"done\n"})

HEAD = b"PGDMP" + bytes([1, 15, 0, 4, 8, 1, 1]) + bytes(40) + b"\x00\x03\x00\x00\x00app" + bytes(60)

MIGRATIONS = frame("recorded", "m\x1ft\x1ff\x1fabc\x1e")

SNAPSHOT = framed(
    host=HOST, clock="1768473000000 +0100", stat="regular file|644|a|b|12|/opt/hummii/.env\0",
    sums=f"{'a' * 64}  /opt/hummii/.env\n", config=f"api {'a' * 64}\nreplicas api 2\n", process=PROCESS, gate="30",
    health="HTTP/1.1 200 OK\r\n\r\n{}\n@code 0", health_ms="1 2", disks="/ 100 50 20\n", space="12\n", busy="held",
    backups="regular file|644|a|b|12|/opt/hummii/backups/docker-compose.prod.yml.backup-20260101_000000\0",
    engine='{"Client":{"Version":"28"},"Server":{"Version":"27","ApiVersion":"1.47"}}', plugin="v2.26",
)  # fmt: skip

BACKUPS = framed(
    clock="1768473000000 +0100\nEurope/Berlin\n", folder="x", entry="file\n12\n1768473000\n/b/backup_20260101_000000.dump\n",
    head="PGDMP", inner="", sidecar=f"{'a' * 64}  x\n", manifest=MANIFEST, container="c\n", served=SERVED,
)  # fmt: skip

CONTENTS = framed(
    content="code 0\nrows 3 users\nsequence 1 t s\nrole a, b\nobjects 5 t\ncomplete\n", sum="a" * 64, wrap=""
)

SERVER = framed(
    host="deploy\ndocker\nbox\n", folder="/opt|a|b", docker="", healthchecks="api /x\n", compose="/p\nservices: {}\n",
    containers="p\ts\t/w\t/c\timg\ttrue\t8080\t\t\n",
)  # fmt: skip

RESOURCES = framed(
    stats="api 1.5% 2.5% 1MiB / 2GiB\n", memory="MemTotal: 100 kB\nMemAvailable: 50 kB\n", load="0.5 1 2\n", cores="2\n",
    cpu="cpu 1 2 3 4 5 6 7 8\ncpu 2 3 4 5 6 7 8 9\n", pressure="cpu some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n",
    containers=f"{'a' * 64} 1 true 3\n", events="x",
)  # fmt: skip

Parser = Callable[[Any], object]

PARSERS: dict[str, tuple[Parser, SearchStrategy[Any]]] = {
    "frames": (lambda data: frames(data, host="h"), st.one_of(st.binary(), SNAPSHOT)),
    "snapshot": (snapshot, SNAPSHOT),
    "docker inspect of containers": (snapshot, docker("containers", CONTAINER)),
    "docker inspect of images": (snapshot, docker("images", IMAGE)),
    "docker version": (snapshot, docker("engine", {"Client": {"Version": "28"}, "Server": {"Version": "27"}})),
    "files of the host, in a tar": (lambda data: [one.text for one in kept_files(data).values()], odd_bytes(TAR)),
    "claims": (
        lambda text: (parse_claims.lease(text), parse_claims.hold(text), parse_claims.mark("a", text)),
        odd_text(CLAIM),
    ),
    "docker's words": (parse_docker.refusal, st.text()),
    "target": (
        lambda data: parse_target(data, host_name="h"),
        framed(config="x", hashes=f"api {'a' * 64}\n", services="api x:1\n", replicas="replicas api 2\n", differ="f X\n"),
    ),
    "images of the target": (lambda data: parse_target(data, host_name="h"), docker("images", IMAGE)),
    "compose file": (lambda text: parse_compose(text), odd_text("services:\n  api:\n    image: api:${TAG:-1}\n")),
    "record": (parse_record, odd_json(RECORD)),
    "list of backups": (
        lambda data: parse_backups(data, host_name="h", folder="/b", database="app"),
        BACKUPS,
    ),
    "contents of a backup": (lambda data: parse_contents(data, host_name="h"), CONTENTS),
    "manifest of a backup": (parse_manifest, odd_text(MANIFEST)),
    "header of a dump": (archive_header, odd_bytes(HEAD)),
    "first bytes of a dump": (recognise, odd_bytes(HEAD)),
    "rows": (rows_of, odd_text("12 users\n")),
    "migrations": (
        lambda data: parse_migrations(data, host_name="h", image_ids=("sha256:x",)),
        st.one_of(
            odd_text("m\x1ft\x1ff\x1fabc\x1e").map(lambda text: frame("recorded", text) + frame("end", "")),
            odd_bytes(gzip.compress(tarred({"m/1/migration.sql": b"select 1"}))).map(
                lambda packed: b"@hummii shipped 0 " + base64.b64encode(b"sha256:x\n" + packed) + b"\n" + frame("end", "")
            ),
        ),
    ),
    "an unknown server": (lambda data: parse_server(data, "/opt", host="h"), SERVER),
    "probes of an unknown server": (
        lambda data: parse_probes(data, host="h"),
        framed(answer='http://x\n{"version": 1}\n200'),
    ),
    "journal": (lambda text: journal.parse(text, run_id="r", host="h"), odd_json(EVENT)),
    "plan of a run": (lambda text: Plan.from_json(json.loads(text)), odd_json(PLAN)),
    "probes of a run": (lambda text: outage(text, since=NOW, until=NOW), odd_text("1767225600000 1767225600100 200\n")),
    "access log": (access_log.parse, odd_text("n 12\nfailed 1\np50 12.5\nsample 3.5\ncode 0\n")),
    "log excerpts": (excerpts.parse, odd_text("2026-01-01T00:00:00.123456789Z FATAL x\n12 3 0\n")),
    "prometheus": (
        lambda text: prometheus.parse(text.encode(errors="surrogatepass")), odd_json(PROMETHEUS)
    ),
    "resources": (lambda data: resources.parse(frames(data, host="h")), RESOURCES),
    "database load": (
        lambda text: database_load.look(Frame(exit_code=0, data=text.encode(errors="surrogatepass"))),
        odd_json({"what": "end", "n": 1}),
    ),
    "baseline": (baseline.parse, odd_json(BASELINE)),
    "answer of a channel": (responded(json_of), odd_json({"ok": True, "ts": "1.2"})),
    "list of a status page": (responded(list_of), odd_json([{"id": "x", "metadata": {}}])),
    "retry-after": (lambda text: 0 <= retry_after_s({"retry-after": text}) <= 86_400 or 1 / 0, odd_text("12")),
}  # fmt: skip

IN_FILES: dict[str, tuple[Callable[[Path], object], SearchStrategy[str]]] = {
    "inventory": (
        check,
        odd_text("environments:\n  lab:\n    hosts: [{name: a, address: b, port: 22}]\n    health: {settle_s: 3}\n"),
    ),
    "inventory as JSON": (
        check,
        odd_json({"environments": {"lab": {"hosts": [{"name": "a", "address": "b", "port": 22}], "logs": {"critical": ["x"]}}}}),
    ),
    "flow": (
        lambda path: load(path.rename(path.with_name("one.yaml")).parent),
        odd_text("about: x\nsteps:\n  - name: a\n    http: {path: /x, json: {n: 12, t: '{{uuid}}'}}\n    expect: {status: 200}\n"),
    ),
    "object that is kept": (read_object, odd_json({"a": [1]})),
    "lines that are kept": (lambda path: list(read_lines(path)), odd_json({"a": [1]})),
    "ledger of a channel": (Ledger.read, odd_json({"delivered": {}, "memory": {}, "attempting": "", "left": {}, "disabled": ""})),
    "known hosts": (
        lambda path: load_known_hosts([path]).of("h", 22),
        odd_text("h ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ\n|1|c2FsdA==|aGFzaA== ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n"),
    ),
}  # fmt: skip

DECLARED = (HummiiError, BadRecord, Unparsable, NotSent)


def soon(read: Parser, said: Any, declared: tuple[type[Exception], ...] = DECLARED) -> None:
    began = time.process_time()
    with suppress(declared):
        read(said)
    assert time.process_time() - began < SOON_S


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
@settings(max_examples=100)
def test_what_others_say(name: str, data: DataObject) -> None:
    """A value or a declared error."""
    read, odd = PARSERS[name]
    declared = DECLARED if name != "plan of a run" else (ValueError, KeyError, TypeError, AttributeError)
    soon(read, data.draw(odd), declared)


@pytest.mark.parametrize("name", IN_FILES)
@given(data=st.data())
@settings(max_examples=50)
def test_what_files_say(name: str, tmp_path_factory: pytest.TempPathFactory, data: DataObject) -> None:
    """The same, of files on this machine."""
    read, odd = IN_FILES[name]
    soon(text_file(tmp_path_factory.mktemp("fuzz"), read), data.draw(odd))


@pytest.mark.parametrize("deep", DEEP, ids=range(len(DEEP)))
def test_what_is_deep(deep: str, tmp_path: Path) -> None:
    """Twenty thousand brackets are no reason to fall, or to think for minutes."""
    texts = ("compose file", "record", "journal", "prometheus", "baseline", "database load", "answer of a channel")
    for name in texts:
        soon(PARSERS[name][0], deep)
    for section in ("containers", "images", "engine"):
        soon(snapshot, frame(section, deep) + frame("end", ""))
    for read, _ in IN_FILES.values():
        soon(text_file(tmp_path, read), deep)


@given(packed=odd_bytes(gzip.compress(tarred({"R/state": b"done\n", "R/../../x": b"y", "R/a\0b": b"z"}))))
def test_a_run_that_comes_home(tmp_path_factory: pytest.TempPathFactory, packed: bytes) -> None:
    """Whatever the host packs: written inside the run's own folder, or a declared error."""
    folder = tmp_path_factory.mktemp("home") / "run"
    soon(lambda data: mirror.save(data, folder), packed)
    assert {path.name for path in folder.parent.iterdir()} <= {"run"}


@given(text=odd_json({"kind": "planned", "at": "2026-01-01T00:00:00+00:00", "facts": {"a": "b"}}))
def test_an_outbox(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """A line that nobody can read is passed over."""
    box = Outbox(tmp_path_factory.mktemp("box"))
    box.path.write_bytes(text.encode(errors="surrogatepass") + b"\n")
    soon(lambda _: box.notes(), None)
