"""How many replicas a plan asks for: as today where someone scaled by hand, else as the release's file says."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from facts_stacks import ENVIRONMENT, backup, compose, container, digest, image, image_id, snapshot

from hummii_ops.errors import Refused
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import ComposeFact, Snapshot
from hummii_ops.plans import rollback, undo
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.steps import Step

HASHES = {"api": frozenset({"a" * 64}), "redis": frozenset({"c" * 64})}
SHELL = Path(__file__).parents[3] / "hummii_ops/facts/reading/hashes.sh"


def stack(there: int, on_disk: Mapping[str, int] | None, *, api: str = "1.1") -> Snapshot:
    """So many of the api run; a backup of 1.0 lies there."""
    disk = compose(f"hummii-api:{api}")
    apis = [container("api", f"hummii-api:{api}", config_hash="a" * 64, number=1 + n) for n in range(there)]
    return snapshot(
        backup("20260131_120000", compose("hummii-api:1.0")),
        compose=ComposeFact(
            path="docker-compose.prod.yml", content=disk, sha256=digest(disk), config_hashes=HASHES, replicas=on_disk
        ),
        containers=(*apis, container("redis", "hummii-redis:7", config_hash="c" * 64)),
    )


def plan(seen: Snapshot, in_release: Mapping[str, int] | None = None) -> Plan:
    facts = TargetFacts(
        error=None,
        services={"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        config_hashes={"api": frozenset({"d" * 64}), "redis": HASHES["redis"]},
        images=(image("hummii-api:1.0"), image("hummii-redis:7")),
        replicas=in_release or {},
    )
    return rollback.build(seen, ENVIRONMENT, releases(seen, ENVIRONMENT)[0], facts, Options())


def named(steps: tuple[Step, ...], step_id: str) -> set[str]:
    """The words of the api in a step: what is asked, and what makes it."""
    step = next(one for one in steps if one.id == step_id)
    return {word for word in (*step.holds, *step.act) if word.partition("=")[0] == "api"}


@pytest.mark.parametrize(
    ("there", "on_disk", "in_release", "forward", "back", "said"),
    [
        (1, {}, {}, "api=1", "api=1", ""),
        (3, {}, {}, "api=3", "api=3", "; replicas: 3 as today (the release's file says 1)"),
        (3, {"api": 2}, {"api": 4}, "api=3", "api=3", "; replicas: 3 as today (the release's file says 4)"),
        (1, {"api": 2}, {"api": 2}, "api=1", "api=1", "; replicas: 1 as today (the release's file says 2)"),
        (2, {"api": 2}, {}, "api=1", "api=2", "; replicas: 2 → 1, as the release has them"),
        (1, {}, {"api": 3}, "api=3", "api=1", "; replicas: 1 → 3, as the release has them"),
        (2, {"api": 2}, {"api": 2}, "api=2", "api=2", ""),
        (3, None, {}, "api=3", "api=3", "; replicas: 3 as today (the release's file says 1)"),
        (1, None, {"api": 2}, "api=2", "api=1", "; replicas: 1 → 2, as the release has them"),
    ],
)
def test_how_many(
    there: int,
    on_disk: Mapping[str, int] | None,
    in_release: Mapping[str, int],
    forward: str,
    back: str,
    said: str,
) -> None:
    """The count of today if it is no file's, else the release's; the way back asks for today's; a sentence says so."""
    made = plan(stack(there, on_disk), in_release)
    assert named(made.forward, "replace-api") == named(made.forward, "proven") == {forward}
    assert named(made.back, "return-services") == named(made.back, "proven-back") == {back}
    assert made.changes[0] == f"api: hummii-api:1.1 → hummii-api:1.0 ({image_id('hummii-api:1.0')[7:19]}){said}"
    assert Plan.from_json(made.as_json()) == made


def test_what_a_cut_up_left_is_no_wish() -> None:
    """A container that was made and never started is not counted as one that someone scaled to."""
    seen = stack(1, {})
    left = container("api", "hummii-api:1.1", config_hash="a" * 64, number=2, status="created", started_at=None)
    made = plan(replace(seen, containers=(*seen.containers, left)))
    assert named(made.forward, "replace-api") == named(made.back, "return-the-ill") == {"api=1"}


def test_undo_asks_for_the_count_from_before() -> None:
    """And its own way back for the one that the rollback left."""
    done = plan(stack(2, {"api": 2}))
    now = stack(1, {}, api="1.0")
    back = undo.build(now, ENVIRONMENT, done, "RUN", now.expectation_text())
    assert named(back.forward, "return-services") == {"api=2"}
    assert named(back.back, "return-services") == {"api=1"}
    assert back.changes[0] == "api: back to hummii-api:1.1; replicas: 1 → 2, as before"


def test_a_run_of_an_older_version_knows_no_count() -> None:
    """Its undo asks for none: the file that is put back decides."""
    document = plan(stack(1, {})).as_json()
    for one in (*document["left"]["services"], *document["target"]["services"]):
        del one["replicas"]
    now = stack(2, {}, api="1.0")
    back = undo.build(now, ENVIRONMENT, Plan.from_json(document), "RUN", now.expectation_text())
    assert named(back.forward, "return-services") == {"api"}


def test_another_count_is_something_to_change() -> None:
    """A release that differs in nothing else is not equal to what runs."""
    seen = stack(2, {"api": 2}, api="1.0")
    same = TargetFacts(
        error=None,
        services={"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        config_hashes=HASHES,
        images=(image("hummii-api:1.0"), image("hummii-redis:7")),
        replicas={"api": 2},
    )
    release = releases(seen, ENVIRONMENT)[0]
    with pytest.raises(Refused, match="nothing to change"):
        rollback.build(seen, ENVIRONMENT, release, same, Options())
    other = TargetFacts(**{**vars(same), "replicas": {}})
    made = rollback.build(seen, ENVIRONMENT, release, other, Options())
    assert "api: hummii-api:1.0, stays as it is; replicas: 2 → 1, as the release has them" in made.changes
    assert named(made.forward, "the-rest") == {"api=1"}


RESOLVED = """name: hummii
services:
  api:
    deploy:
      mode: replicated
      replicas: 3
    image: hummii-api:1.0
    labels:
      replicas: 9
  "worker":
    image: hummii-api:1.0
    scale: 2
  redis:
    image: hummii-redis:7
    labels:
      replicas: 7
networks:
  default:
    scale: 5
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_what_a_resolved_file_names(shell: str) -> None:
    """deploy.replicas and scale, quoted names too; nothing of the same word elsewhere."""
    done = subprocess.run(
        [shell, "-euc", f'. "{SHELL}"; replicas'], input=RESOLVED, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["replicas api 3", "replicas worker 2"]
