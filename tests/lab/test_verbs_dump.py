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
