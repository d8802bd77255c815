"""The verbs that make a dump, against a real PostgreSQL."""

from __future__ import annotations

import pytest
from lab_production import PROJECT
from lab_verbs import RUN, Verbs

pytestmark = pytest.mark.lab


def test_a_dump_is_made_proven_and_named(verbs: Verbs) -> None:
    """Each verb of a backup is true after it is made, twice is once, and says no when one byte is another."""
    folder, name, stack = f"{PROJECT}/backups/database", "x.dump", ("hummii", "postgres")
    steps = (
        (("dump_made", folder, name), ("make_dump", folder, name, *stack, "hummii", "hummii")),
        (("dump_decodes",), ("decode_dump", folder, name, *stack, "60")),
        (("dump_summed", folder, name), ("sum_dump", folder, name)),
        (("manifest_written", folder, name), ("write_manifest", folder, name, "hummii", "1.0")),
        (("backup_placed", folder, name), ("place_backup", folder, name)),
    )
    verbs.production.sh(f"mkdir -p {folder}/.hummii-ops-cut; touch {folder}/.hummii-ops-cut/{name}", user="deploy")
    for holds, act in steps:
        assert not verbs.holds(*holds)
        verbs.act(*act)
        assert verbs.holds(*holds)
        verbs.act(*act)
        assert verbs.holds(*holds)
    listed = verbs.production.sh(f"ls -A {folder}").split()
    assert listed == [name, f"{name}.manifest", f"{name}.sha256"]
    assert "there already" in verbs.cannot(*steps[0][1])
    verbs.production.sh(f'printf x >> "{folder}/{name}"')
    assert not verbs.holds(*steps[-1][0])


def test_a_dump_that_is_not_whole_does_not_decode(verbs: Verbs) -> None:
    """Cut by a byte in the run's own folder: it is decoded, and does not hold."""
    folder, name, stack = f"{PROJECT}/backups/database", "x.dump", ("hummii", "postgres")
    verbs.act("make_dump", folder, name, *stack, "hummii", "hummii")
    verbs.production.sh(f'truncate -s -1 "{folder}/.hummii-ops-{RUN}/{name}"')
    verbs.act("decode_dump", folder, name, *stack, "60")
    assert not verbs.holds("dump_decodes")
    assert "psql" in verbs.cannot("make_dump", folder, "y.dump", *stack, "no-such-database", "hummii")


@pytest.mark.parametrize("kind", ["custom", "plain"])
def test_a_backup_that_changed_since_it_was_read_is_not_restored(verbs: Verbs, kind: str) -> None:
    """Restored while it is the same; with one line more nothing of it is run, and the database is empty."""
    served, path = ("hummii", "postgres", "hummii", "hummii"), f"{PROJECT}/backups/x.dump"
    verbs.production.sh(
        f'mkdir -p {PROJECT}/backups; docker exec hummii-postgres-1 pg_dump -U hummii -F "$1" hummii >"$2"',
        *(kind, path),
        user="deploy",
    )
    sha256 = verbs.production.sh('sha256sum "$1"', path).split()[0]
    restore = ("restore_side", *served, kind, "none", path, sha256, "2")
    verbs.act(*restore)
    assert verbs.holds("side_restored", *served)
    verbs.production.sh('echo "CREATE TABLE more ();" >>"$1"', path)
    assert "is no longer the backup that was read" in verbs.cannot(*restore)
    assert not verbs.holds("side_restored", *served)
    name = f"hummii_ops_side_{RUN.split('-')[0]}_{RUN.split('-')[-1]}".lower()
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    inside = f'docker exec hummii-postgres-1 psql -U hummii -d {name} -qAtc "$1"'
    assert verbs.production.sh(inside, tables).strip() == "0"
    verbs.act("drop_side", *served)
    assert verbs.holds("side_gone", *served)
    assert "hummii" not in verbs.production.sh("docker exec hummii-postgres-1 ls /tmp")


def test_a_folder_that_nobody_may_write_to(verbs: Verbs) -> None:
    """Its copy beside PostgreSQL goes with the restore; one that was left behind is seen, and goes by the drop."""
    served, path = ("hummii", "postgres", "hummii", "hummii"), f"{PROJECT}/backups/x"
    verbs.production.sh(
        'docker exec hummii-postgres-1 pg_dump -U hummii -F d -f /tmp/x hummii && mkdir -p "$1" &&'
        ' docker exec hummii-postgres-1 tar -C /tmp/x -cf - . | tar -C "$1" -xf - &&'
        ' docker exec hummii-postgres-1 rm -r /tmp/x && chmod 400 "$1"/* && chmod 500 "$1"',
        path,
        user="deploy",
    )
    sums = '(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum'
    sha256 = verbs.production.sh(sums, path).split()[0]
    verbs.act("restore_side", *served, "directory", "none", path, sha256, "2")
    assert verbs.holds("side_restored", *served)
    inside = "docker exec hummii-postgres-1 "
    assert "hummii" not in verbs.production.sh(f"{inside} ls /tmp")
    verbs.act("drop_side", *served)
    assert verbs.holds("side_gone", *served)
    name = f"hummii_ops_side_{RUN.split('-')[0]}_{RUN.split('-')[-1]}".lower()
    verbs.production.sh(f"{inside} mkdir /tmp/{name}")
    assert not verbs.holds("side_gone", *served)
    verbs.act("drop_side", *served)
    assert verbs.holds("side_gone", *served)
