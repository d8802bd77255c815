"""What diagnose takes from a real Prometheus: a day and a release that made requests slow and failing, in its store."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks.requests.prometheus_counts import count
from hummii_ops.checks.requests.user_requests import Window
from hummii_ops.checks.would_help import Evidence, Failures, Series, counting
from hummii_ops.checks.would_help.from_host import with_looks
from hummii_ops.checks.would_help.from_snapshot import of_snapshot, target_of
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Prometheus
from hummii_ops.transport import FakeTransport, LinkLost, Result
from hummii_ops.transport.local import LocalTransport

MINUTE = timedelta(minutes=1)
BEGAN = NOW - 20 * MINUTE
SCRAPED_S = 15
BUCKETS_S = ("0.05", "0.1", "0.25", "1", "2.5", "+Inf")


def stored() -> str:
    """A request each second: within 0.05 to 0.1 s; since the release 1 to 2.5 s, and one of ten fails. OpenMetrics."""
    at = NOW - timedelta(days=1, minutes=40)
    lines: dict[str, list[str]] = {"200": [], "500": [], "bucket": []}
    well = failed = slow = 0
    while at <= NOW:
        if at <= NOW - timedelta(days=1) or at >= BEGAN - 35 * MINUTE:  # it was not scraped in between
            ill = SCRAPED_S if at > BEGAN else 0
            well, failed, slow = well + SCRAPED_S - ill // 10, failed + ill // 10, slow + ill
            when, n = f"{at.timestamp():.0f}", well + failed
            lines["200"].append(f'http_requests_total{{status="200"}} {well} {when}')
            lines["500"].append(f'http_requests_total{{status="500"}} {failed} {when}')
            below = {le: 0 if le == "0.05" else n - slow if le in ("0.1", "0.25", "1") else n for le in BUCKETS_S}
            name = "http_request_duration_seconds_bucket"
            lines["bucket"] += [f'{name}{{le="{le}"}} {number} {when}' for le, number in below.items()]
        at += timedelta(seconds=SCRAPED_S)
    counters = ["# TYPE http_requests counter", *lines["200"], *lines["500"]]
    return "\n".join([*counters, "# TYPE http_request_duration_seconds histogram", *lines["bucket"], "# EOF", ""])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program, promtool = shutil.which("prometheus"), shutil.which("promtool")
    if program is None or promtool is None:
        pytest.fail("this test needs prometheus: apt-get install -y --no-install-recommends prometheus", pytrace=False)
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "stored").write_text(stored())
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    made = [promtool, "tsdb", "create-blocks-from", "openmetrics", "stored", "data"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=99y"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *flags, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log
        )
    try:
        answers(f"http://127.0.0.1:{port}/-/ready")
        yield Prometheus(url=f"http://127.0.0.1:{port}", window_s=60, timeout_s=20)
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def window(since: datetime, until: datetime) -> Window:
    return Window(containers=(), since=since, until=until)


def silent(_script: str, _args: tuple[str, ...]) -> Result:
    return Result(exit_code=0, stdout=b"\n@hummii end 0 \n", stderr=b"")


def environment(server: Prometheus | None, **more: Any) -> Environment:
    base = {"name": "production", "hosts": [{"name": "prod-1", "address": "192.0.2.1"}], "health": {"settle_s": 1}}
    return Environment.model_validate(base | {"prometheus": server and server.model_dump()} | more)


def released() -> Snapshot:
    return snapshot(containers=stack(container("api", created_at=BEGAN, started_at=BEGAN)))


def evidence(one: Environment) -> Evidence:
    seen = replace(of_snapshot(released(), one, *target_of(released(), one)), began_at=BEGAN)
    return with_looks(seen, FakeTransport(silent), released(), one, one.hosts[0])


def test_requests_before_and_since(server: Prometheus) -> None:
    """How many, how many failed, how long they took, in the order of their time; the same when the host asks."""
    here = LocalTransport()
    then = count(here, server, window(BEGAN - 30 * MINUTE, BEGAN))
    now = count(here, server, window(BEGAN + MINUTE / 2, NOW))
    assert then
    assert now
    assert then.n == pytest.approx(1800, abs=30)
    assert now.n == pytest.approx(1170, abs=30)
    assert (then.failed, now.failed) == (0, pytest.approx(now.n / 15, abs=10))
    assert len(then.samples) == 300
    assert all(50 <= one <= 100 for one in then.samples)
    assert 1000 <= median(now.samples) <= 2500
    both = count(here, server, window(BEGAN - 10 * MINUTE, BEGAN + 10 * MINUTE))
    assert both
    half = len(both.samples) // 2
    assert median(both.samples[:half]) < 100 < 1000 < median(both.samples[half:])
    from_host = server.model_copy(update={"asked_from": "host"})
    assert count(here, from_host, window(BEGAN - 30 * MINUTE, BEGAN)) == then


def test_a_time_that_it_does_not_know(server: Prometheus) -> None:
    """Before it was there, or in part: no data, and never few requests. Without a histogram no times, but numbers."""
    here = LocalTransport()
    assert count(here, server, window(NOW - timedelta(hours=12), NOW - timedelta(hours=11))) is None
    assert count(here, server, window(BEGAN - 90 * MINUTE, BEGAN)) is None
    without = server.model_copy(update={"durations_metric": "none"})
    found = count(here, without, window(BEGAN - 30 * MINUTE, BEGAN))
    assert found
    assert (found.timed, found.samples) == (0, ())
    assert found.n > 1700
    wrong = count(here, server.model_copy(update={"labels": {"le": "x"}}), window(BEGAN - 30 * MINUTE, BEGAN))
    assert wrong is None


def test_diagnose_takes_its_figures_from_it(server: Prometheus) -> None:
    """No proxy, no log: errors, times, the same time yesterday, the load, and since when, all from Prometheus."""
    seen = evidence(environment(server))
    found = {one.name: one for one in seen.metrics or ()}
    errors, times = found["requests.errors"], found["requests.time"]
    assert isinstance(errors, Failures)
    assert isinstance(times, Series)
    assert errors.before[0] == 0 < errors.after[0]
    assert [name for name, _ in errors.controls] == ["yesterday"]
    users = [one for one in seen.gates if one.name.startswith("requests.")]
    assert [(one.name, one.degraded, one.seasonal) for one in users] == [
        ("requests.errors", True, False),
        ("requests.time", True, False),
    ]
    assert seen.load
    assert seen.load.rate_now == pytest.approx(seen.load.rate_before, rel=0.05)
    assert (seen.onset_at, seen.fails_since_release) == (BEGAN, True)
    assert seen.unavailable == ()


def test_without_an_answer_the_log_counts(server: Prometheus) -> None:
    """A Prometheus that is away is named where nothing else counts, and not missed where the proxy's log does."""
    gone = server.model_copy(update={"url": "http://127.0.0.1:9"})
    seen = evidence(environment(gone))
    assert [one for one in seen.metrics or () if one.name.startswith("requests.")] == []
    assert [one.startswith("Prometheus (no answer") for one in seen.unavailable] == [True]

    def log(script: str, args: tuple[str, ...]) -> Result:
        if "docker logs" not in script or not args:
            raise LinkLost("nothing else is asked")
        said = b"code 0\nn 100\nfailed 0\ntimed 0\n"
        return Result(exit_code=0, stdout=frame(said), stderr=b"")

    one = environment(gone, proxy={"service": "nginx"})
    seen = replace(of_snapshot(released(), one, *target_of(released(), one)), began_at=BEGAN)
    chosen = counting.chosen(seen, FakeTransport(log), released(), one)
    assert chosen.now
    counted = chosen.count(chosen.now)
    assert counted
    assert (counted.requests.n, chosen.by_prometheus) == (100, False)
    assert list(chosen.unanswered(counted)) == []


def frame(data: bytes) -> bytes:
    return b"\n@hummii requests 0 " + b64encode(data) + b"\n\n@hummii end 0 \n"
