"""The verbs that judge health, against a real engine."""

from __future__ import annotations

import base64

import pytest
from lab_operator import until
from lab_production import FILE, PROJECT
from lab_verbs import ALL, Verbs

pytestmark = pytest.mark.lab

HEALTH = "http://127.0.0.1/api/health"


def test_well(verbs: Verbs) -> None:
    """All replicas healthy is well; a stopped, a sick or a missing one is not, and the wait says which."""
    verbs.act("await_services", "60", "hummii", *ALL)
    assert verbs.holds("services_well", "hummii", *ALL)
    assert not verbs.holds("services_well", "hummii", *ALL, "nobody")
    api = verbs.production.containers()["api"]
    verbs.production.sh("docker pause $1", api)
    assert not verbs.holds("services_well", "hummii", "api")
    assert "api: paused" in verbs.cannot("await_services", "1", "hummii", *ALL)
    verbs.production.sh("docker unpause $1", api)
    verbs.production.sh("docker stop -t 1 $1", api)
    assert not verbs.holds("services_well", "hummii", "api")


CHECKS = """
x-each: &each {image: "hummii-redis:7", network_mode: none}
services:
  word:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD", "test", "-e", "/tmp/all * well"]}
  line:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD-SHELL", "test -e '/tmp/all * well' &&\\n  true"]}
  odd:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD", "test", "-e", "/tmp/all * well", "-o", "\\n"]}
"""

SLOW = """
services:
  slow:
    image: "hummii-redis:7"
    network_mode: none
    healthcheck: {interval: 1h, timeout: 1s, test: ["CMD-SHELL", "echo x >>/tmp/asked; sleep 3"]}
"""

BRING_UP = """mkdir -p /tmp/checks && cd /tmp/checks && echo "$1" | base64 -d >c.yml
docker compose -p checks -f c.yml up -d 2>&1"""


def test_well_by_its_own_check(verbs: Verbs) -> None:
    """What Docker has not asked yet is asked by us, word for word; what cannot be asked so is left to Docker."""
    verbs.production.sh(BRING_UP, base64.b64encode(CHECKS.encode()).decode())
    try:
        for service in ("word", "line", "odd"):
            assert not verbs.holds("services_well", "checks", service), "its check says no"
            assert f"{service}: running, health starting" in verbs.cannot("await_services", "1", "checks", service)
            verbs.production.sh("docker exec checks-$1-1 touch '/tmp/all * well'", service)
        for service in ("word", "line"):
            verbs.act("await_services", "5", "checks", service)
            assert verbs.holds("services_well", "checks", service)
        assert not verbs.holds("services_well", "checks", "odd"), "a line break in a word"
    finally:
        verbs.production.sh("cd /tmp/checks && docker compose -p checks -f c.yml down -t 1 2>&1")


def test_its_own_check_has_its_own_limit(verbs: Verbs) -> None:
    """A check that takes longer than it may is no pass, as for Docker; and it is not asked again and again."""
    verbs.production.sh(BRING_UP, base64.b64encode(SLOW.encode()).decode())
    try:
        assert "slow: running, health starting" in verbs.cannot("await_services", "4", "checks", "slow")
        asked = verbs.production.sh("docker exec checks-slow-1 cat /tmp/asked").split()
        assert 1 <= len(asked) <= 6, "each takes a second"
    finally:
        verbs.production.sh("cd /tmp/checks && docker compose -p checks -f c.yml down -t 1 2>&1")


def test_patience(verbs: Verbs) -> None:
    """A service that restarts is up and does not run; it is waited for, and what does not come is said."""
    nginx = verbs.production.image("hummii-nginx:1.22")
    container_id = verbs.production.containers()["nginx"]
    wanted = ("hummii", "nginx", nginx, "any")
    verbs.production.sh(f"echo no >>{PROJECT}/nginx/default.conf; docker exec $1 sh -c 'kill -QUIT 1'", container_id)
    until(lambda: not verbs.holds("services_are", "running", *wanted), what="it restarts", limit_s=30)
    assert verbs.holds("services_are", "up", *wanted)
    # between two starts; for an instant it runs
    until(lambda: "restarting" in verbs.says("await_running", "0", *wanted), what="it is said", limit_s=60)
    verbs.production.sh('text=$(sed "$ d" "$1") && echo "$text" >"$1"', f"{PROJECT}/nginx/default.conf")
    verbs.act("await_running", "60", *wanted)
    assert verbs.production.containers()["nginx"] == container_id
    assert verbs.holds("services_stay", "1", *wanted)
    verbs.production.sh("(sleep 1; docker stop $1) >/dev/null 2>&1 &", container_id)
    assert not verbs.holds("services_stay", "3", *wanted), "it ran at first, and was stopped a moment later"
    verbs.act("start_and_stay", "30", "1", *wanted)
    assert verbs.holds("services_stay", "1", *wanted)
    assert verbs.production.containers()["nginx"] == container_id
    other = (*wanted[:2], "sha256:" + 64 * "0", "any")
    assert "runs image" in verbs.cannot("start_and_stay", "0", "1", *other)


def test_settled(verbs: Verbs) -> None:
    """A quiet window is remembered for exactly these containers; a restart ends it; a bad answer never opens it."""
    words = (HEALTH, "version", "1.0", "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    verbs.act("settle", "1", "20", *words)
    assert verbs.holds("settled", "hummii", *ALL)
    verbs.production.sh("docker restart -t 1 $1", verbs.production.containers()["redis"])
    verbs.act("await_services", "30", "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    for url, field, version in ((HEALTH, "version", "1.1"), ("http://127.0.0.1:1/", "-", "-")):
        assert "no quiet window" in verbs.cannot("settle", "0", "1", url, field, version, "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    verbs.act("settle", "0", "20", "-", "-", "-", "hummii", *ALL)
    assert verbs.holds("settled", "hummii", *ALL)


def test_proxy_follows(verbs: Verbs) -> None:
    """A proxy that keeps the dead address of a replaced service is told to look again, and waited for."""
    verbs.production.sh(f"cd {PROJECT} && docker compose -f {FILE} up -d --no-deps --force-recreate api 2>&1")
    verbs.act("await_services", "60", "hummii", "api")
    answer = (HEALTH, "version", "1.0")
    verbs.act("reload_proxy", "20", *answer, "hummii", "nginx", "nginx -t", "nginx -s reload")
    assert verbs.holds("answers", *answer)
    assert not verbs.holds("answers", HEALTH, "version", "1.1")
    verbs.cannot("reload_proxy", "1", *answer, "hummii", "nginx", "nginx -t -c /nonexistent")
