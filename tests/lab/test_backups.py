"""The database's backups on a real PostgreSQL: made, listed, read to the last byte; and what is refused."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_operator import Operator, until
from lab_production import PROJECT, Production, say

from lab import container, stack

pytestmark = pytest.mark.lab

FOLDER = f"{PROJECT}/backups/database"
CORPUS = Path(__file__).with_name("backup-corpus.sh")
NEWEST = "20990101_000000-"  # what bears this time is what latest tries first
REASON = "--reason=before the import"
SQL = 'docker exec -i "$(docker ps -q --filter label=com.docker.compose.service=postgres)" psql -X -qAt -U hummii -d'
COUNTS = (
    "SELECT 'public.' || relname || ' ' || (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM '"
    " || quote_ident(relname), false, true, '')))[1] FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
# What the refusal must say, by a part of the file's name; anything else in bad/ must be refused with some reason.
WORDS = {
    "flipped-with-checksum": ".sha256",
    "empty": "empty",
    "gzip-of-nothing": "gzip of nothing",
    "page": "web page",
    "cluster": "cluster dump",
    "terminal.sql": "CRLF",
    "terminal.dump": "terminal",
    "schema-alone": "schema alone",
    "data-alone": "data alone",
    "one-table": "some tables alone",
    "newer-version": "archive version 1.16",
    "cut-in-a-row": "in the rows of public.messages",
    "cut-at-a-statement": "cut short",
    "connects": "\\connect",
    "runs-a-command": "\\!",
    "other-database": "another database",
    "missing-role": "ghost",
    "missing-extension": "nonesuch",
    "without-toc": "toc.dat",
    "packed": "packed folder",
    "fifo": "FIFO",
    "link-out": "out of the backups folder",
}


def sql(production: Production, text: str, database: str = "hummii") -> str:
    return production.sh(f'printf "%s" "$1" | {SQL} "$2"', text, database)


def rows(production: Production, database: str = "hummii") -> dict[str, int]:
    """Rows by table, as PostgreSQL counts them."""
    lines = (line.split() for line in sql(production, COUNTS, database).splitlines())
    return {table: int(count) for table, count in lines}


@pytest.fixture(scope="module")
def corpus(production: Production) -> Iterator[Production]:
    """Production with every good and every bad backup in its folder."""
    production.rewind()
    sql(production, "INSERT INTO messages (user_id, text) SELECT 1, md5(n::text) FROM generate_series(1, 3000) AS n")
    container.inside(production.name, "sh", "-s", user="deploy", stdin=CORPUS.read_text(), limit_s=240)
    production.sh(
        f"""
        mkdir -p {FOLDER}
        cp -a /tmp/corpus/good/. {FOLDER}
        cd /tmp/corpus/bad
        for file in *; do cp -a "$file" "{FOLDER}/{NEWEST}$file"; done
        """,
        user="deploy",
    )
    yield production
    production.sh(f"rm -rf {FOLDER} /tmp/corpus")
    sql(production, "DELETE FROM messages WHERE length(text) = 32")


def names(production: Production, which: str) -> list[str]:
    listed = production.sh(f"ls /tmp/corpus/{which}").splitlines()
    return [name for name in listed if not name.endswith(".sha256")]


def untouched(production: Production) -> str:
    """Files, containers and images of the host, and what was written in PostgreSQL's container."""
    writes = 'docker diff "$(docker ps -q --filter label=com.docker.compose.service=postgres)"'
    return production.fingerprint() + production.sh(f"{writes} | sort")


def test_every_kind_is_read_to_its_last_byte(corpus: Production, operator: Operator) -> None:
    """Custom, directory, tar and plain, each also in gzip and zstd, whatever their names: usable, with their rows."""
    good, counted = names(corpus, "good"), rows(corpus)
    before = untouched(corpus)
    said = operator.each(*(("check-backup", f"--backup={name}") for name in good))
    assert untouched(corpus) == before
    found = {name: one.ended(0).document["backups"][0] for name, one in zip(good, said, strict=True)}
    kinds = {(one["kind"], one["wrap"]) for one in found.values()}
    wraps = {(kind, wrap) for kind in ("custom", "tar", "plain") for wrap in ("none", "gzip", "zstd")}
    assert kinds == wraps | {("directory", "none")}
    assert len(good) >= 14
    for name, one in found.items():
        assert one["schema_head"] == (None if "inserts" in name else "20250203100000_chat_and_payments"), name
        assert one["rows"] == ({} if "inserts" in name else counted), name


def test_nothing_that_is_damaged_or_foreign_is_accepted(corpus: Production, operator: Operator) -> None:
    """Each of the corpus is passed over with its reason; nothing is opened that could hang, nothing is changed."""
    bad = names(corpus, "bad")
    before = untouched(corpus)
    document = operator.fab("check-backup", "--backup=latest", limit_s=400).ended(0).document
    assert untouched(corpus) == before
    judged = {one["name"].removeprefix(NEWEST): one for one in document["passed_over"]}
    assert sorted(judged) == sorted(bad)
    assert len(bad) >= 41
    for name, one in judged.items():
        reasons = " ".join(one["reasons"])
        assert reasons, name
        assert not one["usable"], name
        assert all(word in reasons for part, word in WORDS.items() if part in name), f"{name}: {reasons}"
    assert not corpus.holds("[ -e /tmp/P ]")


def test_one_that_is_damaged_is_named_and_refused(corpus: Production, operator: Operator) -> None:
    """Asked for by its name: 3, and what it is."""
    for name in ("cut-at-20-kB.dump", "fifo.dump", "page.dump"):
        document = operator.fab("check-backup", f"--backup={NEWEST}{name}").ended(3).document
        assert document["backups"][0]["reasons"]


def test_uncompressed_data_without_a_checksum_is_said(corpus: Production, operator: Operator) -> None:
    """It passes, with a doubt; --require-checksum refuses it."""
    for name in ("custom-without-compression.dump", "plain.sql"):
        judged = operator.fab("check-backup", f"--backup={name}").ended(0).document["backups"][0]
        assert "content cannot be proven: no checksum" in " ".join(judged["doubts"])
        operator.fab("check-backup", f"--backup={name}", "--require-checksum").ended(3)


def test_another_databases_backup_by_its_name(corpus: Production, operator: Operator) -> None:
    """--from-database allows the one that is named."""
    operator.fab("check-backup", f"--backup={NEWEST}other-database.dump", "--from-database=other").ended(0)
    operator.fab("check-backup", f"--backup={NEWEST}other-database.dump", "--from-database=third").ended(3)


def test_the_list_opens_no_trap(corpus: Production, operator: Operator) -> None:
    """`backups-db` shows all of them, with why some cannot be used, and hangs at no FIFO."""
    document = operator.fab("backups-db").ended(0).document
    listed = {one["name"]: one for one in document["backups"]}
    assert listed.keys() == {*names(corpus, "good"), *(NEWEST + name for name in names(corpus, "bad"))}
    assert document["served"][0]["schema_head"] == "20250203100000_chat_and_payments"
    assert not listed[f"{NEWEST}fifo.dump"]["usable"]
    assert listed["custom.dump"]["usable"]
    text = operator.fab("backups-db", "--format=text").ended(0).stdout
    assert f"{NEWEST}page.dump cannot be used: it is a web page" in text


def test_latest_passes_over_what_cannot_be_used(fresh: Production, operator: Operator) -> None:
    """The newest by name that passes; what is newer and does not is shown with its reason."""
    made = operator.fab("backup-db", REASON).ended(0).document["backups"][0]["name"]
    fresh.sh(
        f"cd {FOLDER}; head -c 5000 {made} >hummii-20990101_000000.dump; touch -d 2001-01-01 {made}", user="deploy"
    )
    document = operator.fab("check-backup", "--backup=latest").ended(0).document
    assert [one["name"] for one in document["backups"]] == [made]
    assert [one["name"] for one in document["passed_over"]] == ["hummii-20990101_000000.dump"]
    fresh.sh(f"rm {FOLDER}/{made}")
    operator.fab("check-backup", "--backup=latest").ended(3)


def test_a_backup_that_can_be_trusted(fresh: Production, operator: Operator) -> None:
    """Its owner's alone, whole, with checksum and the true rows; and it restores to the same rows."""
    document = operator.fab("backup-db", REASON).ended(0).document
    (made,) = document["backups"]
    path, counted = made["path"], rows(fresh)
    assert fresh.sh('stat -c "%a %U" "$1"', path) == "600 deploy"
    assert fresh.sh(f"ls -A {FOLDER}").split() == [made["name"], f"{made['name']}.manifest", f"{made['name']}.sha256"]
    fresh.sh(f'cd {FOLDER}; sha256sum -c "$1.sha256"', made["name"])
    assert made["rows"] == counted
    assert (made["release"], made["schema_head"]) == ("1.0", "20250203100000_chat_and_payments")
    judged = operator.fab("check-backup", f"--backup={path}").ended(0).document["backups"][0]
    assert judged["doubts"] == []
    sql(fresh, "CREATE DATABASE scratch", "postgres")
    try:
        fresh.sh(f'{SQL.replace("psql -X -qAt", "pg_restore --exit-on-error")} scratch <"$1"', path)
        assert rows(fresh, "scratch") == counted
    finally:
        sql(fresh, "DROP DATABASE scratch", "postgres")
    assert operator.fab("status").ended(0).document["hosts"][0]["services"]


def hold_up(production: Production, seconds: int) -> None:
    """A lock that a dump must wait for."""
    text = f"BEGIN; LOCK TABLE users; SELECT pg_sleep({seconds}); COMMIT"
    production.sh(f'printf "%s" "$1" | setsid {SQL} hummii >/dev/null 2>&1 &', text, user="deploy")
    held = (
        "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'AccessExclusiveLock' AND granted"
    )
    until(lambda: sql(production, held) == "1", what="the lock is held")


def backups_in(production: Production) -> list[str]:
    return production.sh(f"cd {FOLDER} 2>/dev/null && ls || :").split()


def test_a_lost_laptop_leaves_a_whole_backup(fresh: Production, operator: Operator) -> None:
    """Killed while the dump is made: there is none yet, the run ends by itself, and then there is a whole one."""
    hold_up(fresh, 6)
    working = operator.start("backup-db", REASON)
    run_id = fresh.await_event("start", "dump-database", after=0)
    working.kill()
    assert backups_in(fresh) == []
    assert fresh.await_end(run_id) == "done"
    assert len(backups_in(fresh)) == 3
    assert operator.fab("attach", f"--run={run_id}").ended(0).document["verdict"] == "pass"
    operator.fab("check-backup", "--backup=latest", "--require-checksum").ended(0)


def test_a_killed_run_leaves_none_and_is_resumed(
    fresh: Production, operator: Operator, laptop: Callable[..., Operator]
) -> None:
    """The runner and its children killed in the dump: nothing bears a backup's name; resume makes it whole."""
    hold_up(fresh, 8)
    working = operator.start("backup-db", REASON)
    run_id = fresh.await_event("start", "dump-database", after=0, then="sleep 0.5; pkill -9 -s $runner")
    working.end()
    assert backups_in(fresh) == []
    other = laptop("another")
    other.fab("backup-db", REASON).ended(3)  # an unfinished run comes first
    assert other.fab("resume", f"--run={run_id}", "--yes", REASON).ended(0).document["verdict"] == "pass"
    assert len(backups_in(fresh)) == 3
    assert fresh.sh(f"ls -A {FOLDER} | grep -c '^\\.' || :") == "0"


def test_no_room_and_no_database(fresh: Production, operator: Operator) -> None:
    """Refused (3), and nothing is left in the folder."""
    fresh.sh("docker stop $(docker ps -q --filter label=com.docker.compose.service=postgres)")
    try:
        assert "does not run" in operator.fab("backup-db", REASON).ended(3).document["error"]
        assert operator.fab("backups-db").ended(0).document["served"][0]["error"]
        operator.fab("check-backup", "--backup=latest").ended(3)
    finally:
        fresh.rewind()
    stack.reset(fresh.lab, project_mb=32, say=say, ask=lambda _question: True)
    try:
        document = operator.fab("backup-db", REASON).ended(3).document
        assert document["backups"] == []
        assert backups_in(fresh) == []
    finally:
        stack.reset(fresh.lab, say=say, ask=lambda _question: True)


def test_texts_that_mean_no_backup(fresh: Production, operator: Operator) -> None:
    """Nothing said, and a line break: 2; a path elsewhere, a name that is not there: 3."""
    operator.fab("backup-db", REASON).ended(0)
    for text in ("", "a\nb"):
        operator.fab("check-backup", f"--backup={text}").ended(2)
    for text in ("/etc/passwd", "../../etc/passwd", "$(touch /tmp/P)", "-rf", "nothing"):
        assert operator.fab("check-backup", f"--backup={text}").ended(3).document["remedy"]
    assert not fresh.holds("[ -e /tmp/P ]")


def ordered(production: Production) -> int:
    """What a customer gets who orders something."""

    def post(path: str, body: dict[str, object], token: str = "") -> tuple[int, dict[str, str]]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(production.host.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}

    token = post("/api/login", {"email": "ada@hummii.test", "password": "hummii-demo"})[1]["token"]
    return post("/api/orders", {"item": "harp", "quantity": 1}, token)[0]


def test_release_1_4_breaks_the_database_for_itself_and_for_1_0(fresh: Production, operator: Operator) -> None:
    """Healthy, and every order fails, also after a rollback of the code; the deploy's own dump is a usable backup."""
    assert ordered(fresh) == 201
    try:
        fresh.deploy("1.4")
        until(lambda: fresh.serves("1.4"), what="1.4 serves")
        assert ordered(fresh) == 500
        operator.fab("rollback", "--to=1.0", "--yes", "--settle=0", "--despite-schema", REASON).ended(0)
        assert fresh.health() == (200, "1.0")
        assert ordered(fresh) == 500
        document = operator.fab("check-backup", "--backup=latest").ended(0).document
        assert document["backups"][0]["schema_head"] == "20250203100000_chat_and_payments"
        served = operator.fab("backups-db").ended(0).document["served"][0]
        assert served["schema_head"] == "20250421090000_order_lines"
    finally:
        stack.reset(fresh.lab, say=say, ask=lambda _question: True)
