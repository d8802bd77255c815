"""The gate `performance`: limits, and worse than before, by statistics; too little is no pass."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hummii_ops.checks.compared.baseline import Baseline, Samples
from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.predeploy.gate import Gate
from hummii_ops.predeploy.load_test import Load, NoMeasurement, judge, parse

REPORTS = Path(__file__).with_name("reports")
POLICY = Predeploy(p95_ms=500, errors_percent=1)


def k6(name: str = "k6-summary.json") -> Load:
    text = (REPORTS / name).read_text(encoding="utf-8")
    return parse(text, json.loads(text))


def gate(now: Load | NoMeasurement | None, before: Load | None = None, *, hours: float = 1) -> Gate:
    return judge(now, before, POLICY, file="summary.json", age=timedelta(hours=hours))


def probe(factor: float = 1.0, *, n: int = 60, seed: int = 1) -> Load:
    made = random.Random(seed)
    times = tuple(round(factor * made.lognormvariate(4, 0.3), 3) for _ in range(n))
    at, samples = datetime(2026, 1, 1, tzinfo=UTC), Samples(responses={"/": times})
    text = Baseline(identity="a", version="1.0", at=at, samples=samples).as_text()
    return parse(text, json.loads(text))


@pytest.mark.parametrize("name", ["k6-summary.json", "k6-summary-export.json"])
def test_both_forms_of_k6_say_the_same(name: str) -> None:
    """In one of them `true` means that a threshold was crossed, and in both `passes` counts what failed."""
    found = k6(name)
    assert (found.requests, found.failed, found.p95_ms) == (2000, 2, 310.5)
    assert found.thresholds == {"http_req_duration p(95)<500": True}
    assert gate(found).verdict == "pass"


def test_limits() -> None:
    """p95, the share that failed with what chance may do, and k6's own thresholds."""
    good = k6()
    assert gate(replace(good, p95_ms=501)).verdict == "fail"
    assert gate(replace(good, failed=60)).verdict == "fail"
    assert gate(replace(good, failed=20)).verdict == "inconclusive"  # one percent: the limit itself
    assert gate(replace(good, thresholds={"checks rate>0.99": False})).verdict == "fail"
    assert gate(replace(good, requests=20, failed=0)).verdict == "inconclusive"


def test_worse_than_before_fails() -> None:
    """By response times of our own probe, and by k6's failures; no difference, and better, pass."""
    assert gate(probe(2.0, seed=2), probe()).verdict == "fail"
    assert gate(probe(1.0, seed=2), probe()).verdict == "pass"
    assert gate(probe(0.5, seed=2), probe()).verdict == "pass"
    assert gate(probe(n=5)).verdict == "inconclusive"
    lenient = Predeploy(errors_percent=10)
    before = replace(k6(), requests=20_000, failed=2)
    now = replace(before, failed=400)
    alone = judge(now, None, lenient, file="-", age=timedelta(0))
    assert alone.verdict == "pass"
    assert judge(now, before, lenient, file="-", age=timedelta(0)).verdict == "fail"


def test_what_is_old_missing_or_something_else() -> None:
    """Nothing given is inconclusive, an old one fails, what is no load test is an error."""
    assert gate(None).verdict == "inconclusive"
    assert gate(k6(), hours=25).verdict == "fail"
    assert gate(NoMeasurement("it is neither")).verdict == "error"
    for text in ("{}", "[]", '{"metrics": {}}', '{"schema": "hummii-ops/baseline/v1"}', '{"metrics": {"checks": 1}}'):
        with pytest.raises(NoMeasurement):
            parse(text, json.loads(text))
