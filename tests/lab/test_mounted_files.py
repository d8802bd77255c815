"""A file that is mounted alone into a container: what a customer gets after it was put back."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from lab_door import QUICK, await_ill, by_hand, plan_words
from lab_operator import Operator, until
from lab_production import PROJECT, RUNS, Production

pytestmark = pytest.mark.lab

CONF = "nginx/default.conf"


def answer(production: Production) -> str:
    """What a customer gets of a page that only the newer nginx/default.conf has."""
    try:
        with urllib.request.urlopen(f"{production.host.url}/only-new", timeout=5) as found:
            return str(found.read().decode())
    except (urllib.error.URLError, OSError) as error:
        return type(error).__name__


def test_a_proxy_that_mounts_its_file_alone(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """nginx goes on with the old inode until it starts anew: by hand on the server, and in an undo, it is restarted."""
    operator = laptop("files", f"{QUICK}\nfiles: [{CONF}]")
    then = fresh.file(CONF)
    fresh.sh(f"rm -rf {PROJECT}/scripts")
    operator.fab("snapshot", "--reason=before").ended(0)
    fresh.deploy("1.1")
    fresh.sh(
        """cd "$1" && cp -p "$2" /tmp/then.conf
        sed -i 's|^server {|server {\\n    location = /only-new { return 200 new; }|' "$2"
        docker compose -f docker-compose.prod.yml restart -t 2 nginx 2>&1""",
        PROJECT,
        CONF,
    )
    try:
        until(lambda: answer(fresh) == "new", what="nginx has the newer file")
        now = fresh.file(CONF)
        operator.fab("install-host", "--yes").ended(0)
        await_ill(fresh)
        wanted = operator.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
        assert any(f"is restarted, to see {CONF}" in one for one in wanted["changes"])
        ran = fresh.containers()

        said = by_hand(fresh, "--latest", "--yes")

        assert said.code == 0, said
        assert f"is restarted, to see {CONF}" in said.out
        assert (fresh.file(CONF), answer(fresh)) == (then, "HTTPError")
        assert fresh.serves("1.0")
        (run,) = fresh.run_ids()
        assert plan_words(wanted) == plan_words(json.loads(fresh.sh(f"cat {RUNS}/{run}/plan.json")))
        assert fresh.containers()["redis"] == ran["redis"]

        operator.fab("undo", "--yes", "--reason=back").ended(0)
        assert (fresh.file(CONF), answer(fresh)) == (now, "new")
        assert fresh.images()["api"] == fresh.image("hummii-api:1.1")
    finally:
        fresh.sh('cd "$1" && cp /tmp/then.conf "$2" && docker restart -t 2 hummii-nginx-1', PROJECT, CONF)
