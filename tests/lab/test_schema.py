"""Code goes back, the database does not: fab rollback asks whether the older code can serve it as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_operator import Operator
from lab_production import FILE, PROJECT, RUNS, Production

from lab import stack

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--latest", "--settle=1", "--reason=orders fail")
READS = Path(__file__).parents[2] / "hummii_ops" / "facts" / "database" / "migrations.sh"
DROPS = "20250421090000_order_lines"


def say(_line: str) -> None:
    """Progress that no test needs."""


@pytest.fixture
def spoiled(fresh: Production) -> Iterator[Production]:
    """Production whose database may be spoiled: it is new afterwards."""
    yield fresh
    stack.reset(fresh.lab, say=say, ask=lambda _question: True)


def checked(document: Any) -> dict[str, Any]:
    """The verdict in the plan of a dry run's document."""
    (plan,) = document["plans"]
    found: dict[str, Any] = plan["schema_check"]
    return found


def sql(production: Production, text: str) -> str:
    container = '"$(docker ps -q --filter label=com.docker.compose.service=postgres)"'
    return production.sh(f'printf "%s" "$1" | docker exec -i {container} psql -X -qAt -U hummii hummii', text)


def test_a_dropped_column_is_refused_until_someone_says_so(spoiled: Production, operator: Operator) -> None:
    """1.0 → 1.4: --latest is refused (3) with the migration and its statement, nothing is touched, not even a container
    for reading stays; a dry run shows the plan and says the same; with --despite-schema it goes, and is recorded."""
    spoiled.deploy("1.4")
    before = spoiled.fingerprint()
    refused = operator.fab(*ROLLBACK, "--yes").ended(3)
    assert f"{DROPS} is applied" in refused.document["error"]
    assert 'DROP COLUMN "quantity"' in refused.document["error"]
    assert "fab rollback --to=1.0 --with-db=latest" in refused.document["remedy"]
    assert "--despite-schema" in refused.document["remedy"]
    assert operator.fab("rollback", "--to=1.0", "--yes", "--reason=by name").ended(3).document["verdict"] == "refused"

    dry = operator.fab(*ROLLBACK, "--dry-run").ended(3)
    assert (dry.document["schema"], dry.document["verdict"]) == ("hummii-ops/dry-run/v1", "refused")
    assert dry.document["error"] == refused.document["error"]
    found = checked(dry.document)
    assert (found["code_only"], found["verdict"]) == ("unsafe", "ahead, destructive")
    assert (found["extra"], list(found["breaks"])) == (["20250310110000_order_note", DROPS], [DROPS])
    assert "database: unsafe" in dry.stderr
    operator.fab(*ROLLBACK, "--dry-run", "--format=sh").ended(3)
    assert spoiled.fingerprint() == before

    assert checked(operator.fab(*ROLLBACK, "--dry-run", "--despite-schema").ended(0).document)["despite"] is True
    done = operator.fab(*ROLLBACK, "--yes", "--despite-schema").ended(0).document
    assert (done["verdict"], spoiled.serves("1.0")) == ("pass", True)
    assert '"despite": true' in spoiled.sh(f'cat "{RUNS}/$1/plan.json"', done["run_id"])


def test_the_same_schema_is_safe(fresh: Production, operator: Operator) -> None:
    """1.0 → 1.1, whose migrations are the same: safe, in the plan and in the checklist of the run, and no warning."""
    fresh.deploy("1.1")
    (plan,) = operator.fab(*ROLLBACK, "--dry-run").ended(0).document["plans"]
    assert (plan["schema_check"]["verdict"], plan["schema_check"]["code_only"]) == ("equal", "safe")
    assert not [one for one in plan["warnings"] if "database" in one]
    assert [one for one in plan["changes"] if one.startswith("database: safe")]
    done = operator.fab(*ROLLBACK, "--yes").ended(0).document
    asked = {one["words"]: one for one in done["checklist"]}["Ask the database"]
    assert (asked["skipped"], asked["found"]) == (None, "safe")


def test_a_column_that_was_only_added_is_safe(spoiled: Production, operator: Operator) -> None:
    """1.0 → 1.2 → 1.0 → 1.1: older code does not see the new column, also where neither of two releases knows it."""
    spoiled.deploy("1.2")
    found = checked(operator.fab(*ROLLBACK, "--dry-run").ended(0).document)
    assert (found["verdict"], found["code_only"]) == ("ahead, expand-only", "safe")
    operator.fab(*ROLLBACK, "--yes").ended(0)
    spoiled.deploy("1.1")
    found = checked(operator.fab(*ROLLBACK, "--dry-run").ended(0).document)
    assert (found["extra"], found["code_only"]) == (["20250310110000_order_note"], "safe")
    operator.fab("install-host", "--yes").ended(0)
    assert "database: safe" in spoiled.sh(f"cd {PROJECT} && ./scripts/rollback.sh --latest --dry-run", user="deploy")


def test_a_migration_that_failed_is_refused(spoiled: Production, operator: Operator) -> None:
    """A row that was never finished: what it left may be half done."""
    spoiled.deploy("1.1")
    sql(
        spoiled,
        'INSERT INTO "_prisma_migrations" (id, checksum, migration_name) '
        "VALUES ('00000000-0000-0000-0000-000000000000', repeat('0', 64), '20250501000000_half')",
    )
    assert "20250501000000_half began and never finished" in operator.fab(*ROLLBACK, "--yes").ended(3).document["error"]


def test_what_cannot_be_asked_is_unknown_and_goes_on(fresh: Production, operator: Operator) -> None:
    """An image without the folder, and a database that is down: unknown, a warning, and the plan can run."""
    fresh.deploy("1.1")
    fresh.sh(
        """cd "$1"
        printf 'FROM hummii-api:1.0\\nUSER root\\nRUN rm -r prisma\\nUSER app\\n' >/tmp/Dockerfile
        docker build -q -t hummii-api:bare - </tmp/Dockerfile >&2
        for file in backups/"$2".backup-*; do sed -i 's|hummii-api:1.0|hummii-api:bare|' "$file"; done""",
        PROJECT,
        FILE,
    )
    try:
        stamp = fresh.sh('cd "$1"/backups; ls -d "$2".backup-* | sed "s/.*backup-//"', PROJECT, FILE)
        fresh.sh('cd "$1"/backups; mv "$2.backup-$3" "$2.backup-20990101_000000"', PROJECT, FILE, stamp)
        planned = operator.fab("rollback", "--to=bare", "--dry-run")
        found = checked(planned.ended(0).document)
        assert (found["code_only"], found["why"]) == (
            "unknown",
            "the release's image has no folder of migrations that can be read",
        )
        fresh.sh('docker stop -t 1 "$(docker ps -q --filter label=com.docker.compose.service=postgres)"')
        found = checked(operator.fab("rollback", "--to=bare", "--dry-run").ended(0).document)
        assert (found["code_only"], found["why"]) == ("unknown", "PostgreSQL's container does not run")
    finally:
        fresh.sh("docker rmi -f hummii-api:bare; docker start hummii-postgres-1")


def test_what_a_cut_read_left_is_taken_away(fresh: Production, operator: Operator) -> None:
    """A container for reading that is older than a minute goes with the next read; one that is in use stays."""
    fresh.deploy("1.1")
    made = 'docker create --label "hummii-ops.reads=$1" --network none --entrypoint /nothing hummii-api:1.0'
    old, young = fresh.sh(made, "1700000000"), fresh.sh(made, "4000000000")
    operator.fab(*ROLLBACK, "--dry-run").ended(0)
    there = fresh.sh("docker ps -aq --no-trunc --filter label=hummii-ops.reads").split()
    fresh.sh('docker rm "$1"', young)
    assert there == [young]
    assert old not in there


def test_an_image_that_compose_built_does_not_join_the_stack(fresh: Production) -> None:
    """Compose labels what it builds, and containers take labels over: one for reading is no part of the project."""
    of_the_project = "docker ps -aq --no-trunc --filter label=com.docker.compose.project=hummii"
    before = fresh.sh(of_the_project)
    labels = "LABEL com.docker.compose.project=hummii com.docker.compose.service=api"
    fresh.sh(f"printf 'FROM hummii-api:1.0\\n{labels}\\n' | docker build -q -t hummii-api:built - >&2")
    made = fresh.sh(f"{READS.read_text()}\nmade_for_reading hummii-api:built")
    there = fresh.sh(of_the_project)
    fresh.sh('docker rm "$1"; docker rmi hummii-api:built', made)
    assert made
    assert there == before


def test_the_servers_own_door_refuses_the_same_in_the_same_words(spoiled: Production, operator: Operator) -> None:
    """1.0 → 1.4, by hand on the server: 3, with the words of the laptop, and no trace; with the flag it goes."""
    operator.fab("install-host", "--yes").ended(0)
    spoiled.deploy("1.4")
    (wanted,) = operator.fab(*ROLLBACK, "--dry-run").ended(3).document["plans"]
    (words,) = [one for one in wanted["warnings"] if one.startswith("database: ")]
    before = spoiled.fingerprint()
    by_hand = "cd {} && {{ ./scripts/rollback.sh --latest {} 2>&1 && code=0 || code=$?; }}; echo code=$code"
    for flags in ("--dry-run", "--yes"):
        refused = spoiled.sh(by_hand.format(PROJECT, flags), user="deploy")
        assert "code=3" in refused
        assert f"! {words}\n" in refused
        assert "cannot serve the database" in refused
    assert spoiled.fingerprint() == before

    done = spoiled.sh(by_hand.format(PROJECT, "--yes --despite-schema"), user="deploy")
    assert ("code=0" in done, spoiled.serves("1.0")) == (True, True), done
    (run,) = spoiled.run_ids()
    kept = json.loads(spoiled.sh(f'cat "{RUNS}/$1/plan.json"', run))
    assert kept["schema_check"] == wanted["schema_check"] | {"despite": True}
    asked = {one["words"]: one["found"] for one in operator.fab("attach").ended(0).document["checklist"]}
    assert asked["Ask the database"] == "unsafe"
