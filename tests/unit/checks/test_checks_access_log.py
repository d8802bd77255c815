"""The proxy's access log: what counts as a user's request, how it is counted, and when it is judged."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks import Measurement
from hummii_ops.checks.requests import access_log
from hummii_ops.checks.requests.access_log import parse, read
from hummii_ops.checks.requests.user_requests import Requests, judge, window
from hummii_ops.inventory import Environment
from hummii_ops.transport import FakeTransport, LinkLost, Result
from hummii_ops.transport.local import LocalTransport

STAMP = "2026-11-22T11:59:00.123456789Z "
COMBINED = '{} - - [22/Nov/2026:11:59:00 +0000] "GET {} HTTP/1.1" {} 36 "-" "{}"'


def environment(**keys: Any) -> Environment:
    base = {"name": "e", "hosts": [{"name": "h", "address": "h"}], "proxy": {"service": "nginx"}}
    return Environment.model_validate(base | keys)


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Requests]:
    """Counts these lines of a log with a real sh, awk and sort; `docker` is a program that prints them."""

    def count(*lines: str, rotates: str = "", code: int = 0, **keys: Any) -> Requests:
        log = tmp_path / "log"
        log.write_text("".join(f"{line}\n" for line in lines))
        docker = f"#!/bin/sh\ncase $1 in inspect) echo 'json-file {rotates}' ;; *) cat {log}; exit {code} ;; esac\n"
        (tmp_path / "docker").write_text(docker)
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        chosen = environment(**keys)
        seen = window(snapshot(), chosen)
        assert not isinstance(seen, str)
        return read(LocalTransport(), seen, chosen)

    return count


def json_line(status: object = 200, time: object = "0.012", path: str = "/api/orders", more: str = "") -> str:
    return f'{STAMP}{{"method":"GET","path":"{path}","status":{status},"request_time":{time}{more}}}'


def test_json_lines(counted: Callable[..., Requests]) -> None:
    """Numbers and quoted numbers, in any spacing, exactly counted; quantiles as everybody computes them."""
    took = [((i * 37) % 101) / 1000 for i in range(101)]
    found = counted(
        *(json_line(time=f"{one:.3f}") for one in took),
        json_line(status='"502"', time='"1.500"'),
        STAMP + '{ "request_time" : 0.2 , "status" : 404 }',
    )
    times = sorted([*(one * 1000 for one in took), 1500, 200])
    cut = statistics.quantiles(times, n=100, method="inclusive")
    assert (found.n, found.failed, found.timed, found.trouble) == (103, 1, 103, None)
    assert found.quantiles == pytest.approx({50: cut[49], 95: cut[94], 99: cut[98], 100: 1500}, abs=0.01)
    assert found.samples == pytest.approx([*(round(one * 1000, 3) for one in took), 1500, 200])


def test_nginx_combined(counted: Callable[..., Requests]) -> None:
    """Statuses without times; nginx's own errors, start notices and quoted texts are no requests."""
    found = counted(
        STAMP + COMBINED.format("1.2.3.4", "/api/orders", 200, "curl"),
        STAMP + COMBINED.format("1.2.3.4", "/api/orders", 503, 'x" 200 "'),
        STAMP + COMBINED.format("1.2.3.4", "-", 400, ""),
        STAMP
        + '2026/11/22 11:59:00 [error] 7#7: *1 connect() failed, request: "GET /x HTTP/1.1", upstream: "http://a/"',
        STAMP + "2026/11/22 11:59:00 [notice] 1#1: start worker processes",
        STAMP,
    )
    assert (found.n, found.failed, found.timed, found.quantiles) == (3, 1, 0, None)


def test_machines_are_no_users(counted: Callable[..., Requests]) -> None:
    """The health path, what is to be ignored, a connection that was upgraded, and our own questions do not count."""
    found = counted(
        json_line(path="/api/health"),
        json_line(path="/api/health?x=1"),
        json_line(path="/socket.io/?transport=polling", time=25),
        json_line(status=101, time=3600),
        json_line(more=',"agent":"hummii-ops/probe"'),
        STAMP + COMBINED.format("1.2.3.4", "/api/orders", 200, "hummii-ops"),
        STAMP + COMBINED.format("1.2.3.4", "/api/health", 200, "monitor"),
        json_line(path="/api/healthy"),
        STAMP + COMBINED.format("1.2.3.4", "/", 200, "https://shop/api/health"),
    )
    assert (found.n, found.ignored) == (2, 7)


def test_what_a_customer_writes_is_no_status(counted: Callable[..., Requests]) -> None:
    """A path that looks like a status, with the quotes escaped as nginx does, changes nothing."""
    found = counted(json_line(path='/x\\"status\\":500,\\"request_time\\":99'))
    assert (found.n, found.failed, found.quantiles) == (1, 0, {50: 12, 95: 12, 99: 12, 100: 12})


def test_another_proxys_words(counted: Callable[..., Requests]) -> None:
    """Traefik's keys and nanoseconds."""
    form = {"status_key": "DownstreamStatus", "time_key": "Duration", "time_unit": "ns"}
    found = counted(STAMP + '{"DownstreamStatus":200,"Duration":12000000}', access_log=form)
    assert (found.n, found.samples) == (1, (12,))


def test_many_lines_send_few_samples(counted: Callable[..., Requests]) -> None:
    """The log stays where it is; some hundred times come, in their order."""
    found = counted(*(json_line(time=f"{i / 1000:.3f}") for i in range(5000)))
    assert found.n == 5000
    assert 250 <= len(found.samples) <= access_log.SAMPLES + 1
    assert list(found.samples) == sorted(found.samples)


def test_a_log_that_docker_cuts_off(counted: Callable[..., Requests]) -> None:
    """Where the log is rotated, the window begins at the oldest line that is left, and the reason says so."""
    found = counted(json_line(), rotates="10k", limits={"least_requests": 1})
    assert found.kept_from is not None
    chosen = environment(limits={"least_requests": 1})
    seen = window(snapshot(), chosen)
    assert not isinstance(seen, str)
    _, time = judge(found, seen, chosen)
    assert (time.window_s, time.verdict) == (60, "pass")
    assert "kept no more" in time.reason
    assert counted(json_line()).kept_from is None


def test_docker_says_no(counted: Callable[..., Requests]) -> None:
    """Its words are the reason, and nothing passes."""
    found = counted("Error: No such container: x", code=1)
    assert found.trouble == "Error: No such container: x"
    assert {one.verdict for one in judged(found)} == {"error"}
    assert parse("").trouble


def judged(found: Requests, **keys: Any) -> tuple[Measurement, ...]:
    chosen = environment(**keys)
    seen = window(snapshot(), chosen)
    assert not isinstance(seen, str)
    return judge(found, seen, chosen)


def requests(n: int, failed: int = 0, p95: float = 20, timed: int | None = None) -> Requests:
    times = None if timed == 0 else {50: 5.0, 95: p95, 99: p95, 100: p95}
    return Requests(n=n, failed=failed, timed=n if timed is None else timed, quantiles=times)


@pytest.mark.parametrize(
    ("found", "errors", "time"),
    [
        (requests(1000), "pass", "pass"),
        (requests(1000, failed=10), "pass", "pass"),
        (requests(1000, failed=11), "fail", "pass"),
        (requests(100, failed=2), "skipped", "pass"),
        (requests(1000, p95=1001), "pass", "fail"),
        (requests(99), "skipped", "skipped"),
        (requests(1000, timed=0), "pass", "skipped"),
    ],
)
def test_limits_and_too_few(found: Requests, errors: str, time: str) -> None:
    """A share above the limit fails, of enough requests and not of an accident; too few are skipped."""
    assert [one.verdict for one in judged(found)] == [errors, time]


def test_what_is_required_is_not_skipped() -> None:
    """With `required: [requests]` too few is inconclusive, and says how many are missing."""
    errors, time = judged(requests(60), limits={"required": ["requests"]})
    assert (errors.verdict, time.verdict) == ("inconclusive", "inconclusive")
    assert "40 more are needed" in errors.reason


def test_no_failure_bounds_the_rate() -> None:
    """None of n proves less than 3/n, and no more."""
    errors, _ = judged(requests(300))
    assert "less than 1 %" in errors.reason


def test_the_window_begins_after_the_release() -> None:
    """Never before the release had time to start, never longer than the inventory says; and it ends with the read."""
    old = window(snapshot(), environment())
    young = container("api", started_at=NOW - timedelta(seconds=30))
    assert not isinstance(old, str)
    assert (old.since, old.until) == (NOW - timedelta(seconds=600), NOW)
    fresh = window(snapshot(*stack(young)), environment())
    assert not isinstance(fresh, str)
    assert fresh.seconds == 20
    just = container("api", started_at=NOW - timedelta(seconds=3))
    assert "just started" in str(window(snapshot(*stack(just)), environment()))
    assert "names no proxy" in str(window(snapshot(), environment(proxy=None)))
    assert "no container" in str(window(snapshot(*stack(without=["nginx"])), environment()))


def test_a_lost_link_is_no_pass() -> None:
    """Nothing is known, and that is said."""

    def lost(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("gone")

    found = access_log.measure(FakeTransport(lost), snapshot(), environment())
    assert [one.verdict for one in found] == ["error", "error"]
