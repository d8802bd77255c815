"""Running images against records, restore points and runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from built_snapshots import COMPOSE_SHA256, NOW, REFS, container, image_id, release, run, snapshot, stack

from hummii_ops.checks.stack import recorded
from hummii_ops.checks.verdict import Measurement
from hummii_ops.facts.release import Release, identity
from hummii_ops.facts.snapshot import Snapshot

IMAGES = {name: image_id(ref) for name, ref in REFS.items()}
MINUTE = timedelta(minutes=1)


def measure(seen: Snapshot, *releases: Release) -> Measurement:
    return recorded.measure(seen, releases, version_service="api")


def test_an_adopted_server_is_skipped_with_its_reason() -> None:
    """No record and no run: nothing to compare, and what would make it so."""
    found = measure(snapshot())
    assert found.verdict == "skipped"
    assert "fab snapshot" in found.reason


def test_a_record_made_since_speaks() -> None:
    """The record of these very containers is compared."""
    found = measure(snapshot(), release(at=NOW - MINUTE))
    assert (found.verdict, found.value) == ("pass", "3 of 3")


def test_the_same_version_from_another_image_fails() -> None:
    """The tag 1.0 was built anew: what runs is not what was recorded as 1.0."""
    seen = snapshot(*stack(container("api", image_id=image_id("rebuilt"), created_at=NOW - MINUTE)))
    found = measure(seen, release(at=NOW - timedelta(minutes=30)))
    assert found.verdict == "fail"
    assert image_id("rebuilt")[7:19] in found.reason
    assert "postgres" not in found.reason


def test_an_update_of_a_moving_tag_is_no_failure() -> None:
    """postgres:15 was pulled anew since the record: the record does not speak of it."""
    seen = snapshot(*stack(container("postgres", image_id=image_id("15.9"), created_at=NOW - MINUTE)))
    found = measure(seen, release(at=NOW - timedelta(minutes=30)))
    assert (found.verdict, found.value) == ("pass", "2 of 2")


def test_a_newer_deploy_silences_an_older_record() -> None:
    """A record of 1.0 says nothing about 1.1."""
    seen = snapshot(*stack(container("api", image_ref="hummii-api:1.1", image_id=image_id("x"), created_at=NOW)))
    assert measure(seen, release(at=NOW - timedelta(minutes=30))).verdict == "skipped"


def test_latest_says_nothing_across_deploys() -> None:
    """A mutable tag in an old record cannot accuse a new container."""
    refs = REFS | {"api": "hummii-api:latest"}
    seen = snapshot(*stack(container("api", image_ref="hummii-api:latest", image_id=image_id("new"), created_at=NOW)))
    assert measure(seen, release(at=NOW - MINUTE, refs=refs)).verdict == "skipped"


def test_replicas_with_different_images_fail() -> None:
    """Half a deploy is no release."""
    seen = snapshot(*stack(container("api"), container("api", 2, image_id=image_id("other"))))
    assert measure(seen).verdict == "fail"


@pytest.mark.parametrize(("state", "side"), [("done", "to_identity"), ("restored", "from_identity")])
def test_the_last_run_speaks_by_its_identity(state: str, side: str) -> None:
    """What a run left running is what is expected to run, while nothing was deployed since."""
    ended = NOW - MINUTE
    same = run(state=state, at=ended, **{side: identity(COMPOSE_SHA256, IMAGES)})
    other = run(state=state, at=ended, **{side: "0" * 64})
    assert measure(snapshot(runs=(same,))).verdict == "pass"
    assert measure(snapshot(runs=(other,))).verdict == "fail"


def test_a_deploy_after_the_run_silences_it() -> None:
    """Containers younger than the run's end are not its work."""
    ended = run(state="done", at=NOW - timedelta(hours=2), to_identity="0" * 64)
    assert measure(snapshot(runs=(ended,))).verdict == "skipped"


def test_nothing_to_compare_is_inconclusive() -> None:
    """Without containers the question has no answer, and other checks say why."""
    assert measure(snapshot(container("api", one_off=True))).verdict == "inconclusive"
