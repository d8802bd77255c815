"""What a plan does with services that are optional, ill, stopped or added, and with files that come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from facts_stacks import ENVIRONMENT, backup, compose, container, digest, env_file, image, image_id, snapshot

from hummii_ops.errors import Refused
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Record, Release
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import ComposeFact, ContainerFact, FileFact, Snapshot
from hummii_ops.plans import before, rollback, undo
from hummii_ops.plans.plan import Plan, ServiceState
from hummii_ops.plans.rollback import Options
from hummii_ops.steps import Step

API, REDIS = "a" * 64, "c" * 64
HASHES = {"api": frozenset({API}), "redis": frozenset({REDIS})}
RUN = "20260301T115900Z-rollback-0000"


def stack(*more: ContainerFact, redis: dict[str, Any] | None = None, **changes: Any) -> Snapshot:
    """1.1 runs, made from the file on disk, with redis and whatever else; a backup of 1.0 lies there."""
    on_disk = ComposeFact(
        path="docker-compose.prod.yml", content=compose(), sha256=digest(compose()), config_hashes=HASHES
    )
    running = (
        container("api", "hummii-api:1.1", config_hash=API),
        container("redis", "hummii-redis:7", **({"config_hash": REDIS} | (redis or {}))),
        *more,
    )
    fields = {"compose": on_disk, "containers": running} | changes
    return snapshot(backup("20260131_120000", compose("hummii-api:1.0")), **fields)


def target(**changes: Any) -> TargetFacts:
    fields: dict[str, Any] = {
        "error": None,
        "services": {"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        "config_hashes": {"api": frozenset({"d" * 64}), "redis": HASHES["redis"]},
        "images": (image("hummii-api:1.0"), image("hummii-redis:7")),
    }
    return TargetFacts(**(fields | changes))


def plan(seen: Snapshot, facts: TargetFacts | None = None, release: Release | None = None, **options: Any) -> Plan:
    chosen = release or releases(seen, ENVIRONMENT)[0]
    return rollback.build(seen, ENVIRONMENT, chosen, facts or target(), Options(**options))


def recorded(seen: Snapshot, *, files: dict[str, str] | None = None, **changes: Any) -> Release:
    """The backup of 1.0 with a record, and these files in it."""
    release = releases(seen, ENVIRONMENT)[0]
    fields: dict[str, Any] = {
        "at": "2026-01-31T12:00:00+00:00",
        "reason": "-",
        "who": "-",
        "compose_sha256": release.compose_sha256,
        "refs": {"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        "images": {"api": image_id("hummii-api:1.0"), "redis": image_id("hummii-redis:7")},
        "digests": {},
        "config_hashes": {"api": "d" * 64, "redis": REDIS},
        "files": files or {},
        "version": "1.0",
        "identity": release.identity,
    }
    return replace(release, record=Record(**(fields | changes)), recorded=True)


def step(steps: tuple[Step, ...], step_id: str) -> Step | None:
    return next((one for one in steps if one.id == step_id), None)


def words(steps: tuple[Step, ...], step_id: str) -> tuple[str, ...]:
    found = step(steps, step_id)
    assert found, [one.id for one in steps]
    return found.holds


# profiles


def test_an_optional_service_stays_only_if_it_is_there() -> None:
    """What a profile starts belongs to the release while a container of it is there, and is never started anew."""
    facts = target(
        services={"api": "hummii-api:1.0", "jobs": "hummii-redis:7", "redis": "hummii-redis:7"},
        optional=frozenset({"jobs"}),
    )
    assert plan(stack(), facts).target.images().keys() == {"api", "redis"}
    made = plan(stack(container("jobs", "hummii-redis:7")), facts)
    assert made.target.images().keys() == {"api", "jobs", "redis"}
    assert step(made.forward, "stop-extra") is None


# the way back takes away


def with_a_worker() -> tuple[TargetFacts, dict[str, str]]:
    services = {"api": "hummii-api:1.0", "redis": "hummii-redis:7", "worker": "hummii-api:1.0"}
    return target(services=services), {"conf/new": digest("new")}


def test_the_way_back_takes_away_what_the_release_brought() -> None:
    """A service and a file that were not there before are stopped and removed, on the way back and by undo."""
    facts, files = with_a_worker()
    seen = stack(files=(env_file(), FileFact(path="conf/new", kind="file", exists=False)))
    done = plan(seen, facts, recorded(seen, files=files))
    ids = [one.id for one in done.back]
    removed = next(one for one in ids if one.startswith("remove-conf-new"))
    assert words(done.back, removed) == ("file_gone", "/opt/hummii/conf/new")
    assert words(done.back, "stop-added") == ("services_stopped", "hummii", "worker")
    assert ids.index(removed) < ids.index("stop-added") < ids.index("return-services")

    now = stack(
        container("worker", "hummii-api:1.0"),
        files=(env_file(), FileFact(path="conf/new", kind="file", exists=True, sha256=files["conf/new"], mode="0640")),
    )
    back = undo.build(now, ENVIRONMENT, done, RUN, now.expectation_text())
    assert words(back.forward, removed) == ("file_gone", "/opt/hummii/conf/new")
    assert words(back.forward, "stop-added") == ("services_stopped", "hummii", "worker")
    assert step(back.back, removed) is None
    assert step(back.back, "stop-added") is None


def test_no_file_is_covered_that_could_not_be_put_back() -> None:
    """A file of today's that cannot be read, or that nobody named, is not written over: refused, with a remedy."""
    files = {"conf/new": digest("new")}
    for today, said in (
        ((FileFact(path="conf/new", kind="file", exists=True),), "cannot be read"),
        ((), "does not name"),
    ):
        seen = stack(files=(env_file(), *today))
        with pytest.raises(Refused, match=said) as raised:
            plan(seen, release=recorded(seen, files=files))
        assert "conf/new" in raised.value.remedy
    unread = stack(files=(FileFact(path=".env", kind="env", exists=True),))
    with pytest.raises(Refused, match="cannot be read"):
        plan(unread, release=recorded(unread, files={".env": digest("")}))
    assert plan(unread, release=recorded(unread, files={".env": digest("")}), keep_env=True)


# ill bystanders


def test_what_was_ill_before_does_not_decide() -> None:
    """An ill service that the release has as it is must be there, and nothing more; the plan says so."""
    made = plan(stack(redis={"health": "unhealthy"}))
    for name in ("services-healthy", "settled", "proven"):
        asked = {word.partition("=")[0] for word in words(made.forward, name)}
        assert "redis" not in asked
        assert "api" in asked
    assert step(made.forward, "the-rest") is None
    assert words(made.forward, "the-ill") == (
        "services_are",
        "there",
        "hummii",
        "redis=1",
        image_id("hummii-redis:7"),
        REDIS,
    )
    assert "redis was ill before and is not part of this rollback" in made.warnings


def test_an_ill_service_that_is_replaced_decides() -> None:
    """The rollback answers for what it replaces."""
    seen = stack(redis={"health": "unhealthy", "config_hash": REDIS})
    made = plan(seen, target(config_hashes={"api": frozenset({"d" * 64}), "redis": frozenset({"e" * 64})}))
    assert "redis" in words(made.forward, "services-healthy")
    assert step(made.forward, "the-ill") is None
    assert not [one for one in made.warnings if "was ill" in one]


# stopped, and one-shot


@pytest.mark.parametrize(
    ("policy", "code", "wanted"),
    [("no", 0, "runs"), ("on-failure", 0, "runs"), ("on-failure", 1, "stopped"), ("always", 0, "stopped")],
)
def test_a_one_shot_service(policy: str, code: int, wanted: str) -> None:
    """What ended well and is not to be started again has done its work."""
    seen = stack(redis={"status": "exited", "health": None, "exit_code": code, "restart_policy": policy})
    assert before.steadiness(seen, "redis") == wanted


def stopped(**changes: Any) -> dict[str, Any]:
    return {"status": "exited", "health": None, "exit_code": 143} | changes


def test_what_someone_stopped_stays_stopped() -> None:
    """A service that was stopped, and that the release has as it is, stays so, and the plan says it."""
    made = plan(stack(redis=stopped()))
    assert words(made.forward, "stay-stopped") == ("services_stopped", "hummii", "redis")
    assert "redis" not in words(made.forward, "services-healthy")
    assert step(made.forward, "replace-redis") is None
    assert any("redis" in one and "stays stopped" in one for one in made.changes)
    assert words(made.back, "stopped-as-before") == ("services_stopped", "hummii", "redis")


@pytest.mark.parametrize(
    "how",
    [{"status": "created", "exit_code": 0}, {"exit_code": 1}, {"oom_killed": True}, {"config_hash": "f" * 64}],
    ids=["never started", "crashed", "out of memory", "not of the file on disk"],
)
def test_what_nobody_stopped_is_started(how: dict[str, Any]) -> None:
    """A crash, a half-done deploy, or what a rollback stopped because its release lacked it, is not a person's will."""
    made = plan(stack(redis=stopped(**how)))
    assert step(made.forward, "replace-redis")
    assert any("redis" in one and "does not run now; is started" in one for one in made.changes)


# images


def test_one_name_cannot_mean_two_images() -> None:
    """Two services of one name with different images, in the release or today, are refused with a remedy."""
    worker = container("worker", "hummii-redis:7", image_id=image_id("older"))
    with pytest.raises(Refused, match="hummii-redis:7 names two images") as raised:
        plan(stack(worker))
    assert raised.value.remedy
    assert plan(stack(replace(worker, status="exited", exit_code=0, restart_policy="always")))
    images = {"api": image_id("hummii-api:1.0"), "redis": image_id("hummii-api:1.1")}
    facts = target(
        services={"api": "hummii-api:1.0", "redis": "hummii-api:1.0"},
        images=(image("hummii-api:1.0"), image("hummii-api:1.1")),
    )
    with pytest.raises(Refused, match=r"hummii-api:1\.0 names two images"):
        plan(stack(), facts, recorded(stack(), images=images))


def test_a_built_service_has_the_name_that_its_record_tells() -> None:
    """`build:` without `image:` names nothing: the record's own name is used, and never an empty one."""
    facts = target(services={"api": "", "redis": "hummii-redis:7"})
    made = plan(stack(), facts, recorded(stack(), refs={"api": "hummii-api"}))
    assert words(made.forward, "restore-images")[1:3] == ("hummii-api", image_id("hummii-api:1.0"))
    nameless = plan(stack(), facts, recorded(stack(), refs={}))
    assert "" not in words(nameless.forward, "restore-images")
    assert before.image_names([ServiceState(service="api", ref="", image_id="x")]) == {}


# files


def test_paths_with_spaces() -> None:
    """A path is everything between the first and the last space of its line."""
    seen = stack(files=(env_file(), FileFact(path="conf/my file", kind="file", exists=True, sha256=digest("x"))))
    made = plan(seen)
    assert "conf/my file" in made.expect_files
    assert len(made.expect_files) == 4


def test_a_file_that_nothing_mounts_alone() -> None:
    """Who notices that it changes cannot be told: the plan says so."""
    today = FileFact(path="conf/x", kind="file", exists=True, sha256=digest("today"), mode="0644")
    seen = stack(files=(env_file(text="now"), today))
    made = plan(seen, release=recorded(seen, files={"conf/x": digest("then"), ".env": digest("then")}))
    assert [one for one in made.changes if "conf/x changes" in one] == [
        "conf/x changes: no service mounts it alone; one that has read it goes on with what it read"
    ]
    same = plan(seen, release=recorded(seen, files={"conf/x": digest("today")}))
    assert not [one for one in same.changes if "conf/x changes" in one]


def test_a_file_that_is_mounted_alone() -> None:
    """A rename leaves a running container with the old file: it is restarted, also on the way back and in undo."""
    today = FileFact(path="conf/x", kind="file", exists=True, sha256=digest("today"), mode="0644")
    seen = stack(redis={"mounts": ("/opt/hummii/conf/x", "/opt/hummii/conf")}, files=(env_file(text="now"), today))
    release = recorded(seen, files={"conf/x": digest("then"), ".env": digest("now")})
    made = plan(seen, release=release)
    for steps in (made.forward, made.back):
        assert words(steps, "restart-redis") == ("sees_files", "hummii", "redis", "/opt/hummii/conf/x")
        ids = [one.id for one in steps]
        services = "the-rest" if "the-rest" in ids else "return-services"
        assert ids.index(services) < ids.index("restart-redis") < min(ids.index(i) for i in ids if "proven" in i)
        assert step(steps, "restart-api") is None
    assert "redis: hummii-redis:7, stays as it is; is restarted, to see conf/x" in made.changes
    assert not [one for one in made.changes if "conf/x changes" in one]

    after = replace(seen, files=(env_file(text="now"), replace(today, sha256=digest("then"))))
    undone = undo.build(after, ENVIRONMENT, made, RUN, after.expectation_text())
    assert step(undone.forward, "restart-redis")
    assert step(undone.back, "restart-redis")
    assert "redis: hummii-redis:7, same image; is restarted, to see conf/x" in undone.changes

    same = plan(seen, release=recorded(seen, files={"conf/x": digest("today")}))
    assert step(same.forward, "restart-redis") is None
