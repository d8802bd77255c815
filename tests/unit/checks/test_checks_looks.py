"""What is looked at on a host, turned into evidence: windows that hold one release, requests, statements, onset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from look_samples import BASELINE, BEFORE, BEGAN, ENVIRONMENT, MINUTE, NOW_SLOW, counted, times

from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.would_help import Failures, Previous, Series, traffic
from hummii_ops.checks.would_help.traffic import Counted


def metrics(now: Counted | None, earlier: Mapping[str, Counted], base: Baseline | None = None) -> dict[str, Any]:
    found = traffic.metrics(now, earlier, {"/api/health": times(6)}, base, ENVIRONMENT)
    return {one.name: one for one in found}


def test_windows_hold_one_release() -> None:
    """Before ends as the release begins; a day on which it ran already, or of an older proxy, is no control."""
    now = NOW_SLOW.window
    year = BEGAN - timedelta(days=300)
    found = traffic.earlier_windows(now, BEGAN, year)
    assert list(found) == ["before", "yesterday", "last week"]
    assert (found["before"].since, found["before"].until) == (BEGAN - 30 * MINUTE, BEGAN)
    assert found["yesterday"].until == now.until - timedelta(days=1)
    assert list(traffic.earlier_windows(now, BEGAN - timedelta(days=2), year)) == ["before", "last week"]
    young = traffic.earlier_windows(now, BEGAN, BEGAN - 5 * MINUTE)
    assert {name: one.since for name, one in young.items()} == {"before": BEGAN - 5 * MINUTE}
    assert traffic.earlier_windows(now, BEGAN, BEGAN) == {}


def test_users_requests_are_compared_with_those_before_the_release() -> None:
    """From one log; else from the baseline; with the limits of the inventory."""
    found = metrics(NOW_SLOW, {"before": BEFORE, "yesterday": counted(since=-1400, until=-1370)})
    time, errors = found["requests.time"], found["requests.errors"]
    assert isinstance(time, Series)
    assert isinstance(errors, Failures)
    assert (time.before, time.after, time.limit) == (BEFORE.requests.samples, NOW_SLOW.requests.samples, 1000)
    assert [name for name, _ in time.controls] == ["yesterday"]
    assert (errors.before, errors.after, errors.limit) == ((0, 400), (0, 400), 0.01)
    assert metrics(NOW_SLOW, {}, BASELINE)["requests.time"].before == BASELINE.samples.requests
    assert metrics(NOW_SLOW, {}, BASELINE)["requests.errors"].before == (1, 500)


def test_without_users_our_own_questions_count() -> None:
    """And with them they are shown, but nothing depends on them."""
    assert metrics(None, {}, BASELINE)["response/api/health"].required
    assert metrics(None, {}, BASELINE)["response/api/health"].before == times(5)
    assert not metrics(NOW_SLOW, {})["response/api/health"].required
    assert set(metrics(counted(since=1, until=20, n=0), {})) == {"response/api/health"}


def test_a_log_that_was_cut_is_no_window() -> None:
    """Docker threw away its beginning, or could not read it."""
    for broken in (counted(since=-30, until=0, kept_from=BEGAN - MINUTE), counted(since=-30, until=0, trouble="no")):
        assert metrics(NOW_SLOW, {"before": broken})["requests.time"].before == ()
        assert traffic.more_load(NOW_SLOW, broken) is None
        assert traffic.onset(NOW_SLOW, broken, BEGAN) is None


def test_a_release_that_served_its_users_well_was_healthy() -> None:
    """Until the next one began, though nobody marked it; not with errors, few requests, or another one in between."""
    one = Previous(version="1.0", directly=True)
    found = traffic.proven(one, BEFORE, None, ENVIRONMENT)
    assert found
    assert found.healthy
    assert "served 400 requests in the 30 min before it, of which 0 failed" in found.words()
    for other in (counted(since=-30, until=0, n=29), counted(since=-30, until=0, failed=5), None):
        assert traffic.proven(one, other, None, ENVIRONMENT) == one
    for kept in (Previous(version="1.0"), Previous(healthy=False, directly=True), Previous(why_none="no"), None):
        assert traffic.proven(kept, BEFORE, None, ENVIRONMENT) == kept


def test_a_baseline_of_a_release_shows_that_it_answered() -> None:
    """Of that release, and with enough answers; of another one it shows nothing."""
    found = traffic.proven(Previous(version="1.0", identity="aa"), None, BASELINE, ENVIRONMENT)
    assert found
    assert found.healthy
    assert "answered 60 questions of ours well, 2026-11-22 11:40 UTC" in found.words()
    for other in (Previous(identity="bb"), Previous(), Previous(identity="aa", healthy=False)):
        assert traffic.proven(other, None, BASELINE, ENVIRONMENT) == other


def test_load_is_requests_by_second() -> None:
    """Of windows of different lengths."""
    found = traffic.more_load(counted(since=1, until=11, n=600), BEFORE)
    assert found
    assert (found.rate_now, round(found.rate_before, 3)) == (1.0, 0.222)
    assert traffic.more_load(None, BEFORE) is None


def test_when_it_became_slower() -> None:
    """At the release; ten minutes after it; before it; or not known, where the log of now begins much later."""
    assert traffic.onset(NOW_SLOW, BEFORE, BEGAN) == BEGAN
    later = counted(since=0, until=20, samples=(*times(90, 3, 30), *times(2000, 4, 30)))
    at = traffic.onset(later, BEFORE, BEGAN)
    assert at
    assert abs(at - (BEGAN + 10 * MINUTE)) <= 2 * MINUTE
    early = counted(since=-30, until=0, samples=(*times(90, 5, 30), *times(2000, 6, 30)))
    at = traffic.onset(NOW_SLOW, early, BEGAN)
    assert at
    assert abs(at - (BEGAN - 15 * MINUTE)) <= 2 * MINUTE
    assert traffic.onset(counted(2000, since=10, until=20), BEFORE, BEGAN) is None
