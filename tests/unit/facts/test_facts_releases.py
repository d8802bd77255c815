"""Restore points on canned snapshots: what they are, and why one cannot be restored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from facts_stacks import (
    DEPLOYED,
    ENVIRONMENT,
    backup,
    compose,
    container,
    digest,
    env_file,
    image,
    image_id,
    snapshot,
)

from hummii_ops.facts.claims import Mark
from hummii_ops.facts.release import Release, identity
from hummii_ops.facts.restore_points.releases import disk_runs, releases, running_identity
from hummii_ops.facts.snapshot import BackupFact, FileFact, RecordFact, Snapshot

STAMP = "20260115_103000"
OLD = compose("hummii-api:1.0")


def only(seen: Snapshot) -> Release:
    """The one restore point of a snapshot."""
    (found,) = releases(seen, ENVIRONMENT)
    return found


def recorded(content: str = OLD, *, api: str = "hummii-api:1.0", **changes: Any) -> BackupFact:
    """A backup with a whole record: both images, and the .env of then."""
    said = {
        "schema": "hummii-ops/release/v1",
        "at": "2026-01-15T10:30:00Z",
        "compose_sha256": digest(content),
        "services": {
            "api": {"ref": api, "image_id": image_id(api), "digest": None, "config_hash": "c" * 64},
            "redis": {"ref": "hummii-redis:7", "image_id": image_id("hummii-redis:7"), "digest": None},
        },
        "files": {".env": digest("then")},
        "version": "1.0",
    }
    fact = RecordFact(text=json.dumps(said | changes.pop("said", {})), files={".env": digest("then")})
    return backup(STAMP, content, record=replace(fact, **changes))


def test_a_bare_backup_is_a_release_with_what_it_lacks() -> None:
    """It has its time, version, images and identity; it says that today's .env would be used."""
    found = only(snapshot(backup(STAMP, OLD)))
    assert (found.id, found.at) == (STAMP, datetime(2026, 1, 15, 10, 30, tzinfo=UTC))
    assert (found.version, found.restorable, found.recorded, found.running) == ("1.0", True, False, False)
    assert found.image_id("api") == image_id("hummii-api:1.0")
    images = {"api": image_id("hummii-api:1.0"), "redis": image_id("hummii-redis:7")}
    assert found.identity == identity(digest(OLD), images)
    assert found.lacks == (".env as it was then: today's is used",)


def test_newest_first_by_name_and_the_unreadable_last() -> None:
    """The order is that of the names' times in one zone, whatever their form."""
    names = ["1768473000", "2026-01-15T10:31:00Z", "20260115_102900", "before-the-move", "20260115103200"]
    found = releases(snapshot(*(backup(one, OLD) for one in names)), ENVIRONMENT)
    assert [one.id for one in found] == [
        "20260115103200",
        "2026-01-15T10:31:00Z",
        "1768473000",
        "20260115_102900",
        "before-the-move",
    ]
    assert found[-1].unreadable is not None
    assert found[-1].restorable


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (compose("hummii-api:0.9"), "image hummii-api:0.9 is not on the host"),
        (compose("hummii-api:${TAG}"), "image of api: variable TAG is not set"),
        (compose("hummii-api:${TAG:?say which}"), "image of api: variable TAG is not set (say which)"),
        (compose("hummii-api:1.0", command="${MUST:?}"), "variable MUST is not set"),
        (compose("hummii-api:1.0", env_file=".env.prod"), "env_file .env.prod of api does not exist"),
        (compose("hummii-api:1.0", env_file="[.env, gone.env]"), "env_file gone.env of api does not exist"),
        (
            compose("hummii-api:1.0", volumes='["./gone.conf:/etc/x:ro"]'),
            "./gone.conf, which api mounts, does not exist",
        ),
        (compose("hummii-api:latest"), "hummii-api:latest: this tag no longer names the old image"),
        (compose("hummii-api"), "hummii-api: this tag no longer names the old image"),
        ("services:\n  api:\n    build: .\n", "service api names no image: it was built on the host"),
        ("services:\n  api: {image: a, image: b}\n", "its compose file does not parse: line 2"),
        ("services: [\n", "its compose file does not parse"),
        ("", "its compose file does not parse: it has no services"),
        ("services:\n  api:\n", "its compose file does not parse: service api is no mapping"),
        ("a: &a [*a]\nservices: *a\n", "its compose file does not parse"),
        ("[" * 100_000, "its compose file does not parse"),
        ("services:\n  api: !!python/object/apply:os.system ['id']\n", "its compose file does not parse"),
    ],
)
def test_why_a_bare_backup_cannot_be_restored(content: str, reason: str) -> None:
    """Each flaw is said in plain words, and makes it not restorable."""
    tags = (image("hummii-api:1.0"), image("hummii-api:latest"), image("hummii-redis:7"))
    found = only(snapshot(backup(STAMP, content), images=tags))
    assert not found.restorable
    assert any(one.startswith(reason) for one in found.reasons), found.reasons


def test_variables_come_from_the_env_file() -> None:
    """A tag out of .env is filled in; a variable outside of images only has to exist there."""
    content = compose("hummii-api:${TAG}", command="${MUST:?}", user="${OTHER}")
    found = only(snapshot(backup(STAMP, content), files=(env_file({"TAG": "1.0"}, "MUST"),)))
    assert (found.version, found.restorable) == ("1.0", True)
    assert "variable OTHER is not set" in found.lacks


def test_a_rebuilt_image_is_not_the_old_one() -> None:
    """An image made after the backup cannot be what ran then, though the tag is the same."""
    later = datetime(2026, 1, 20, tzinfo=UTC)
    images = (image("hummii-api:1.0", created=later), image("hummii-redis:7"))
    found = only(snapshot(backup(STAMP, OLD), images=images))
    assert found.reasons == ("hummii-api:1.0: this tag no longer names the old image",)


def test_a_mutable_tag_is_believed_where_a_container_from_before_proves_it() -> None:
    """redis:latest has run in the same container since before the backup: it is the same image."""
    content = OLD.replace("hummii-redis:7", "redis")
    images = (image("hummii-api:1.0"), image("redis:latest"))
    before = datetime(2026, 1, 1, tzinfo=UTC)
    proof = container("redis", "redis:latest", created=before)
    api = container("api", "hummii-api:1.1")
    assert only(snapshot(backup(STAMP, content), images=images, containers=(api, proof))).restorable
    younger = container("redis", "redis:latest", created=DEPLOYED)
    assert not only(snapshot(backup(STAMP, content), images=images, containers=(api, younger))).restorable


def test_a_digest_can_be_pulled() -> None:
    """An image that is named by digest need not be on the host; without one it must be."""
    ref = f"registry.example:5000/api:1.0@sha256:{'a' * 64}"
    found = only(snapshot(backup(STAMP, compose(ref))))
    assert found.restorable
    assert (found.services[0].on_host, found.services[0].digest) == (
        False,
        f"registry.example:5000/api@sha256:{'a' * 64}",
    )
    assert (found.version, found.identity) == ("1.0", None)


def test_the_version_is_the_tag_else_the_label() -> None:
    """`latest` and a missing tag say nothing: then the image's own label speaks."""
    labelled = replace(image("hummii-api:latest", version="1.4.2"))
    found = only(snapshot(backup(STAMP, compose("hummii-api")), images=(labelled, image("hummii-redis:7"))))
    assert found.version == "1.4.2"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": '{"schema": "hummii-ops/rel'}, "its record cannot be used: it is cut short or is no JSON"),
        ({"text": "[" * 100_000}, "its record cannot be used"),
        ({"text": "[]"}, "its record cannot be used: it is not hummii-ops/release/v1"),
        ({"text": None}, "its record is missing"),
        ({"said": {"services": {}}}, "its record cannot be used: it names no services"),
        (
            {"said": {"services": {"api": {"ref": "x"}}}},
            "its record cannot be used: service api has no image id",
        ),
        ({"said": {"compose_sha256": "0" * 64}}, "the compose file is not as recorded: its sha256 differs"),
        (
            {"said": {"files": {".env": "nonsense"}}},
            "its record cannot be used: its sha256 sums are incomplete",
        ),
        ({"files": {}}, ".env is missing from its record"),
        ({"files": {".env": "0" * 64}}, ".env is not as recorded: its sha256 differs"),
    ],
)
def test_why_a_recorded_release_cannot_be_restored(changes: dict[str, Any], reason: str) -> None:
    """A record that is cut, foreign or contradicted by its files is a reason, never quietly a bare backup."""
    found = only(snapshot(recorded(**changes)))
    assert not found.restorable
    assert found.reasons[0].startswith(reason), found.reasons


def test_a_recorded_release_believes_ids_not_tags() -> None:
    """With a record a moved tag does not matter; a pruned image does, unless its digest is known."""
    content = compose("hummii-api:latest")
    assert only(snapshot(recorded(content))).restorable
    assert only(snapshot(recorded(content))).lacks == ()
    pruned = snapshot(recorded(), images=(image("hummii-api:1.1"), image("hummii-redis:7")))
    assert only(pruned).reasons == ("image hummii-api:1.0 is not on the host",)
    assert only(pruned).identity == only(snapshot(recorded())).identity


def test_a_mark_holds_for_every_restore_point_of_the_same_release() -> None:
    """Bare or recorded, older or newer: the mark is of what it is."""
    bare = backup("20260116_000000", OLD)
    named = only(snapshot(bare)).identity
    assert named is not None
    mark = Mark(identity=named, mark="good", who="a", reason="", since=None, run="")
    found = releases(snapshot(bare, recorded(), marks={named: mark}), ENVIRONMENT)
    assert [one.goodness for one in found] == ["good", "good"]


def test_running_is_judged_by_what_runs() -> None:
    """Equal images and file: it runs. Other images, or another file than the one that runs: not."""
    same = backup(STAMP, compose())
    assert only(snapshot(same)).running
    assert not only(snapshot(backup(STAMP, OLD))).running
    assert not only(snapshot(backup(STAMP, compose(user="root")))).running


def test_an_edited_file_on_disk_does_not_hide_what_runs() -> None:
    """Someone edited the file and did not deploy: the backup with the running images is what runs."""
    edited = snapshot(backup(STAMP, compose()), disk=compose("hummii-api:1.0"))
    assert not disk_runs(edited)
    assert running_identity(edited) is None
    assert only(edited).running


def test_a_release_with_another_env_file_is_not_what_runs() -> None:
    """Same images and file, but a recorded .env that differs from today's: it can be gone back to."""
    point = recorded(compose(), api="hummii-api:1.1")
    today = FileFact(path=".env", kind="env", exists=True, sha256=digest("today"))
    assert not only(snapshot(point, files=(today,))).running
    assert only(snapshot(point, files=(replace(today, sha256=digest("then")),))).running


def test_hashes_tell_an_undeployed_edit_where_they_can_be_compared() -> None:
    """Made by the same Compose, another hash than either: the file on disk is not what runs."""
    api = container("api", "hummii-api:1.1", config_hash="a" * 64, compose_version="2.26.1")
    redis = container("redis", "hummii-redis:7")
    seen = snapshot(containers=(api, redis))
    assert disk_runs(seen)
    edited = replace(seen, compose=replace(seen.compose, config_hashes={"api": frozenset({"b" * 64})}))
    assert not disk_runs(edited)
    older = replace(api, compose_version="2.20.0")
    assert disk_runs(replace(edited, containers=(older, redis)))
    either = frozenset({"a" * 64, "b" * 64})
    assert disk_runs(replace(seen, compose=replace(seen.compose, config_hashes={"api": either})))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("-rf", {}),
        ("new\nline", {}),
        ("with space", {}),
        ("$(id)", {}),
        ("ünïcode", {}),
        ("20260115_103000\x1b[2J", {}),
        ("20260115_103000", {"kind": "directory", "content": None, "sha256": None}),
        ("20260115_103000", {"kind": "symlink", "content": None, "sha256": None}),
        ("20260115_103000", {"kind": "other", "content": None, "sha256": None}),
        ("20260115_103000", {"content": None, "sha256": None}),
        ("", {}),
    ],
)
def test_a_hostile_name_is_listed_and_harmless(name: str, changes: dict[str, Any]) -> None:
    """It is listed with a reason or as unreadable, and nothing of it reaches a terminal raw."""
    found = only(snapshot(replace(backup(name, OLD), **changes)))
    assert found.unreadable or found.reasons
    assert "\x1b" not in found.id + found.name
