"""Could each kept release be gone back to: the line that each gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import facts_stacks as stacks
import pytest

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema, unasked
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Mark, Snapshot
from hummii_ops.facts.stack import ImageFact
from hummii_ops.inventory.models import Environment
from hummii_ops.readiness.line import Line
from hummii_ops.readiness.releases import Closer, counting, lines

OLD = stacks.backup("20260115_103000", stacks.compose("hummii-api:1.0"))
FACTS = TargetFacts(
    error=None,
    services={"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
    images=(stacks.image("hummii-api:1.0"), stacks.image("hummii-redis:7")),
)
SAME = Schema(recorded=(), shipped={stacks.image_id("hummii-api:1.0"): ImageMigrations(texts={}, sha256={})})
WITH_DATABASE = Environment.model_validate(
    stacks.ENVIRONMENT.model_dump(exclude={"database"}) | {"database": {"name": "hummii", "user": "hummii"}}
)


def pinned(tag: str) -> ImageFact:
    image = stacks.image(tag)
    return replace(image, tags=(tag, f"hummii-ops/keep:{image.id.removeprefix('sha256:')[:12]}"))


PINNED = tuple(pinned(tag) for tag in ("hummii-api:1.0", "hummii-api:1.1", "hummii-redis:7"))


def seen(*backups: Any, **otherwise: Any) -> Snapshot:
    return stacks.snapshot(*(backups or (OLD,)), **({"images": PINNED} | otherwise))


def judged(
    snapshot: Snapshot, facts: TargetFacts = FACTS, schema: Schema = SAME, unseen: Mapping[str, str] | None = None
) -> dict[str, Line]:
    found = releases(snapshot, WITH_DATABASE)
    closer = Closer(facts={one.id: facts for one in found}, unseen=unseen or {}, schema=schema)
    return {one.look.name: one for one in lines(snapshot, WITH_DATABASE, found, closer, "takes about 20 s")}


def proven(snapshot: Snapshot, mark: str = "good") -> Snapshot:
    (one,) = releases(snapshot, WITH_DATABASE)
    assert one.identity
    kept = Mark(identity=one.identity, mark=mark, who="", reason="", since=None, run="")  # type: ignore[arg-type]
    return replace(snapshot, marks={one.identity: kept})


def test_a_release_that_was_proven_is_green() -> None:
    """It is what --latest means; its line says how long going back takes."""
    found = judged(proven(seen()))
    assert [one.look.verdict for one in found.values()] == ["pass", "pass"]
    assert found["release.20260115_103000"].look.reason.endswith("takes about 20 s")


NEWER = Migration(name="2_drop", finished=True, rolled_back=False, sha256="d")
DROPS = Schema(
    recorded=(NEWER,),
    shipped=dict(SAME.shipped)
    | {"sha256:new": ImageMigrations(texts={"2_drop": "DROP TABLE orders;"}, sha256={"2_drop": "d"})},
)


@pytest.mark.parametrize(
    ("snapshot", "facts", "schema", "verdict", "words"),
    [
        (seen(images=PINNED[1:]), FACTS, SAME, "fail", "image hummii-api:1.0 is not on the host"),
        (seen(), TargetFacts(error="TOKEN is missing a value"), SAME, "fail", "TOKEN is missing a value"),
        (seen(), replace(FACTS, images=FACTS.images[1:]), SAME, "fail", "is not on lab-1"),
        (seen(), FACTS, DROPS, "inconclusive", "database: unsafe: 2_drop"),
        (seen(), FACTS, unasked("the host did not answer in time"), "inconclusive", "database: unknown"),
        (seen(images=stacks.snapshot().images), FACTS, SAME, "inconclusive", "not pinned"),
    ],
)
def test_what_stands_in_the_way_is_said(
    snapshot: Snapshot, facts: TargetFacts, schema: Schema, verdict: str, words: str
) -> None:
    """Red where the rollback would be refused, yellow where it would need more; each says what to do."""
    line = judged(snapshot, facts, schema)["release.20260115_103000"]
    assert (line.look.verdict, words in line.look.reason) == (verdict, True), line
    assert line.todo


def test_what_could_not_be_looked_at_is_not_green() -> None:
    """One look that failed does not fail the others, and passes for nothing."""
    line = judged(seen(), unseen={"20260115_103000": "could not look: no answer"})["release.20260115_103000"]
    assert line.look.verdict == "inconclusive"


def test_nobody_goes_back_to_these() -> None:
    """What runs, what is marked bad, and what never ran lower nothing, whatever is wrong with them."""
    running = stacks.backup("20260131_120000", stacks.compose())
    never = stacks.backup("20260215_120000", stacks.compose("hummii-api:1.0"))
    found = judged(seen(running, never))
    assert [one.look.verdict for name, one in found.items() if name != "target"] == ["skipped", "skipped"]
    assert found["target"].look.verdict == "fail"
    assert judged(proven(seen(), "bad"))["release.20260115_103000"].look.verdict == "skipped"


def test_only_the_newest_count() -> None:
    """So many as the inventory says; an old one that has rotted is shown, and lowers nothing."""
    gone = stacks.compose("hummii-api:0.1")
    rotten = [stacks.backup(f"2025{month:02}01_120000", gone) for month in range(1, 7)]
    snapshot = seen(OLD, *rotten)
    found = judged(snapshot)
    said = [one.look.verdict for name, one in found.items() if name != "target"]
    assert said == ["pass", "fail", "fail", "fail", "fail", "skipped", "skipped"]
    assert len(counting(releases(snapshot, WITH_DATABASE), snapshot, 5)) == 5


def test_without_a_mark_latest_is_yellow() -> None:
    """A release that nobody ever verified may be as bad as the one that is left."""
    found = judged(seen())
    assert (found["target"].look.verdict, "never proven" in found["target"].look.reason) == ("inconclusive", True)
