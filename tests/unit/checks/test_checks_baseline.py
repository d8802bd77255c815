"""A baseline: what is kept of a release, read back, and what a comparison with it says."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hummii_ops.checks.compared.baseline import Baseline, Samples, compared, parse, read, samples
from hummii_ops.checks.compared.work import Work
from hummii_ops.checks.requests.user_requests import Requests
from hummii_ops.transport.local import LocalTransport

AT = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def times(seed: int, scale: float = 1, n: int = 60) -> tuple[float, ...]:
    chance = random.Random(seed)
    return tuple(scale * chance.lognormvariate(4, 0.3) for _ in range(n))


def kept(**otherwise: object) -> Baseline:
    base = {"responses": {"/api": times(1)}, "requests": times(2), "counted": 1000, "failed": 0, "window_s": 600.0}
    return Baseline(identity="ab", version="1.0", at=AT, samples=Samples(**(base | otherwise)))  # type: ignore[arg-type]


def test_what_is_kept_comes_back() -> None:
    """Word for word; and what another version keeps, or half a file, is no baseline."""
    one = kept(
        statements={"-1": (2.5, 7)},
        totals={"-1": (700, 1750.5)},
        counted_since="2026-01-01",
        work=Work(requests=80, window_s=4.1, calls=90, database_ms=12.5, scans=3, api_cpu_ms=40.0),
        dependencies={"payments": 12.5},
    )
    assert parse(one.as_text()) == one
    older = json.loads(kept().as_text())
    for key in ("totals", "counted_since", "work", "dependencies"):
        del older[key]
    assert parse(json.dumps(older)) == kept()
    assert parse(one.as_text().replace("/v1", "/v2")) is None
    for work in (
        [],
        "x",
        {"requests": "many", "window_s": 4},
        {"requests": 4, "window_s": 4, "calls": float("inf")},
        {"requests": 4},
    ):
        assert parse(json.dumps(json.loads(one.as_text()) | {"work": work})) is None
    for text in ("", "{}", "[]", one.as_text()[:-9], '{"schema": "hummii-ops/baseline/v1"}'):
        assert parse(text) is None


def test_what_is_kept_is_small() -> None:
    """A few hundred numbers, whatever the traffic."""
    many = Requests(n=10**6, timed=10**6, samples=times(1, n=300))
    text = Baseline(identity="ab", version=None, at=AT, samples=samples({"/": times(1)}, many, 600, None)).as_text()
    assert len(text) < 20_000
    assert json.loads(text)["counted"] == 10**6


def test_the_newest_of_another_release(tmp_path: Path) -> None:
    """Not the release's own, not the oldest, and nothing else that lies there."""
    folder = tmp_path / "baselines"
    assert read(LocalTransport(), str(tmp_path), not_of="ab") is None
    folder.mkdir()
    for age, name in enumerate(("ab", "cd", "ef", ".cd.tmp", "notes")):
        (folder / name).write_text(kept().as_text().replace('"1.0"', f'"{name}"'))
        os.utime(folder / name, (1000 - age, 1000 - age))
    found = read(LocalTransport(), str(tmp_path), not_of="ab")
    assert found is not None
    assert found.version == "cd"


@pytest.mark.parametrize(
    ("now", "value", "verdict"),
    [
        (times(3), "same", "pass"),
        (times(3, scale=2), "worse", "fail"),
        (times(3, scale=0.5), "better", "pass"),
        (times(3, n=20), "inconclusive", "inconclusive"),
    ],
)
def test_before_and_after(now: tuple[float, ...], value: str, verdict: str) -> None:
    """Worse is shown with its figures; it never breaks the verdict by itself: another hour has another load."""
    (found,) = compared(kept(requests=(), counted=0), Samples(responses={"/api": now}))
    assert (found.name, found.value, found.verdict) == ("before.response/api", value, verdict)
    assert not found.critical
    assert "against 1.0 of 2026-01-15 10:30 UTC" in found.reason


def test_users_requests() -> None:
    """Their times and their errors; how much more of them there are is said."""
    now = Samples(requests=times(5), counted=3000, failed=200, window_s=600)
    found = {one.name: one for one in compared(kept(), now)}
    assert found["before.requests.errors"].value == "worse"
    assert found["before.requests.time"].value == "same"
    assert "100 requests a minute then and 300 now" in found["before.requests.time"].reason


def test_milliseconds_are_nobodys_trouble() -> None:
    """Twice of very little is no matter."""
    before = tuple(one / 20 for one in times(1))
    now = tuple(one / 20 for one in times(3, scale=2))
    (found,) = compared(kept(responses={"/api": before}, requests=()), Samples(responses={"/api": now}))
    assert found.verdict == "pass"


def test_no_baseline_is_skipped() -> None:
    """Never "as before"."""
    (found,) = compared(None, Samples())
    assert (found.name, found.verdict) == ("before", "skipped")
    assert "fab snapshot" in found.reason
