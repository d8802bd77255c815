"""Env files go back with the release that they were proven with; and what stands in them is never shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab_operator import Operator
from lab_production import FILE, PROJECT, Production

from lab import container

pytestmark = pytest.mark.lab


def change_env(production: Production) -> dict[str, str]:
    """Today's .env: another LOG_LEVEL, a new key, and a database URL that keep_env keeps; returns its variables."""
    production.sh(
        f"""
        cd {PROJECT}
        sed -i -e 's/^LOG_LEVEL=.*/LOG_LEVEL=debug/' -e '/^DATABASE_URL=/s/$/?application_name=x/' .env
        echo NEW_KEY=new >> .env
        """,
        user="deploy",
    )
    return variables(production)


def variables(production: Production) -> dict[str, str]:
    return dict(line.split("=", 1) for line in production.file(".env").splitlines())


@contextmanager
def processes_watched(production: Production, found: list[str]) -> Iterator[None]:
    """Every command line that is on the host meanwhile, into `found`."""
    production.sh(
        """
        rm -f /tmp/seen /tmp/over
        watch() { until [ -e /tmp/over ]; do cat /proc/[0-9]*/cmdline 2>/dev/null || :; sleep 0.05; done; }
        watch </dev/null >/tmp/seen 2>/dev/null &
        """
    )
    try:
        yield
    finally:
        found.append(production.sh("touch /tmp/over; tr '\\0' ' ' </tmp/seen"))


def test_env_files_go_back_with_the_release_and_nothing_of_them_shows(fresh: Production, operator: Operator) -> None:
    """A snapshot with LOG_LEVEL=info; then another .env and 1.1. --keep-env brings 1.0 back under today's .env;
    without it .env is the snapshot's too, but for keep_env's keys, and the api is made anew though its image is the
    same. No secret shows in outputs, in the laptop's folder, in the run's own files, or in a process list."""
    then = variables(fresh)
    point = operator.fab("snapshot", "--reason=proven together").ended(0).document["restore_points"][0]["id"]
    assert fresh.sh(f"stat -c %a {PROJECT}/backups/{FILE}.backup-{point}.release/files/.env") == "600"
    now = change_env(fresh)
    fresh.deploy("1.1")
    assert fresh.api_sees("LOG_LEVEL") == "debug"

    rollback = ("rollback", f"--to={point}", "--yes", "--settle=1", "--reason=back to what was proven")
    operator.fab(*rollback, "--keep-env").ended(0)
    assert variables(fresh) == now
    assert fresh.serves("1.0")
    assert fresh.api_sees("LOG_LEVEL") == "debug"

    images, api, seen = fresh.images(), fresh.containers()["api"], list[str]()
    with processes_watched(fresh, seen):
        document = operator.fab(*rollback).ended(0).document
    assert variables(fresh) == then | {"DATABASE_URL": now["DATABASE_URL"]}
    assert fresh.sh(f"stat -c '%a %U' {PROJECT}/.env") == "600 deploy"
    assert fresh.images() == images
    assert fresh.containers()["api"] != api
    assert fresh.api_sees("LOG_LEVEL") == "info"
    assert fresh.api_sees("DATABASE_URL") == now["DATABASE_URL"]

    operator.fab("evidence", f"--run={document['run_id']}").ended(0)
    assert "runner.sh" in seen[0]
    for secret in operator.secrets:
        assert secret not in seen[0]
        for file in operator.folder.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file
        # The copies of .env itself stay on the host, where .env is, and for its owner only.
        holding = (
            "grep -rlF -f - .hummii-ops backups | grep -v -e '/\\(before\\|target\\|files\\)/' -e database/ || true"
        )
        assert not container.inside(fresh.name, "sh", "-euc", f"cd {PROJECT}; {holding}", stdin=secret)
    open_to_all = f"find {PROJECT}/.hummii-ops {PROJECT}/backups -name '.env*' -perm /077"
    assert not fresh.sh(open_to_all)

    undone = operator.fab("undo", "--yes", "--reason=it was better").ended(0)
    assert undone.document["task"] == "undo"
    assert variables(fresh) == now
    assert fresh.api_sees("LOG_LEVEL") == "debug"
