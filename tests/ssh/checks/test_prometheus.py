"""A real Prometheus that scrapes a real app: what is asked of it, and that its silence is never taken for zero."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from hummii_ops.checks import Measurement
from hummii_ops.checks.requests.prometheus import escaped, measure, parse
from hummii_ops.inventory import Environment
from hummii_ops.transport import SshTransport, Transport
from hummii_ops.transport.local import LocalTransport

JOB = 'a "shop" \\ with {signs}'
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
OWN = {
    "up": {"query": "sum(up)", "limit": 5},
    "none": {"query": "vector(1) > 2", "limit": 5},
    "wrong": {"query": "sum("},
    "many": {"query": "{__name__=~'http_.*'}"},
}


class App:
    """Serves requests of its own making; `ill`: one of five fails, and each takes two seconds."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._requests = Counter("http_requests", "requests", ["status"], registry=registry)
        self._took = Histogram("http_request_duration_seconds", "durations", registry=registry)
        self.ill, self._over = False, threading.Event()
        self._server, self._serving = start_http_server(0, addr="127.0.0.1", registry=registry)
        self.port = self._server.server_port
        self._working = threading.Thread(target=self._work)
        self._working.start()

    def _work(self) -> None:
        number = 0
        while not self._over.wait(0.01):
            number += 1
            self._requests.labels("500" if self.ill and number % 5 == 0 else "200").inc()
            self._took.observe(2 if self.ill else 0.02)

    def stop(self) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._working.join()
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.stop()


@pytest.fixture
def prometheus(app: App, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.fail("this test needs prometheus: apt-get install -y --no-install-recommends prometheus", pytrace=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - job_name: '{JOB}'\n    static_configs: [{{targets: ['127.0.0.1:{app.port}']}}]\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.wait()


def look(url: str, transport: Transport, **keys: Any) -> dict[str, Measurement]:
    server = {"url": url, "labels": {"job": JOB}, "window_s": 10, "timeout_s": 3, "queries": OWN} | keys
    base = {"name": "e", "hosts": [{"name": "h", "address": "h"}], "limits": {"least_requests": 50}}
    found = measure(transport, Environment.model_validate(base | {"prometheus": server}))
    return {one.name.removeprefix("prometheus."): one for one in found}


def until(wanted: dict[str, str], seen: Callable[[], dict[str, Measurement]]) -> dict[str, Measurement]:
    deadline = time.monotonic() + 60
    while True:
        found = seen()
        if {name: found[name].verdict for name in wanted} == wanted:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_well_ill_silent_and_gone(
    app: App, prometheus: tuple[str, subprocess.Popen[bytes]], link: SshTransport
) -> None:
    """No 5xx at all is zero; a slow and failing app fails; an app that is gone is inconclusive, Prometheus an error."""
    url, process = prometheus
    here = LocalTransport()
    well = until({"errors": "pass", "p95": "pass"}, lambda: look(url, here))
    assert well["errors"].value == 0
    assert well["p95"].value is not None
    assert 0 < float(well["p95"].value) < 50
    assert well["errors"].samples is not None
    assert well["errors"].samples > 50
    assert {name: well[name].verdict for name in OWN} == {
        "up": "pass", "none": "inconclusive", "wrong": "error", "many": "error",
    }  # fmt: skip
    assert "parse error" in well["wrong"].reason
    assert look(url, here, labels={"job": "another"})["errors"].verdict == "inconclusive"
    from_host = look(url, link, asked_from="host")
    assert {name: one.verdict for name, one in from_host.items()} == {name: one.verdict for name, one in well.items()}
    few = look(url, here, requests_metric="up", status_label="job")
    assert few["errors"].verdict == "inconclusive"

    app.ill = True
    until({"errors": "fail", "p95": "fail"}, lambda: look(url, here))
    app.stop()
    until({"errors": "inconclusive", "p95": "inconclusive"}, lambda: look(url, here))

    process.kill()
    process.wait()
    for gone in (look(url, here), look(url, link, asked_from="host")):
        assert {one.verdict for one in gone.values()} == {"error"}


def test_prometheus_that_hangs_has_a_deadline(link: SshTransport) -> None:
    """A port that takes the question and never answers holds us for its time limit, from here and from the host."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert {one.verdict for one in look(url, link, timeout_s=1, queries={}).values()} == {"error"}
        found = look(url, link, timeout_s=1, asked_from="host", queries={})
        assert {one.verdict for one in found.values()} == {"error"}
        assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("body", "value", "trouble"),
    [
        (VECTOR, None, False),
        (VECTOR.replace(b"[]", b'[{"metric":{},"value":[1,"NaN"]}]'), None, False),
        (VECTOR.replace(b"[]", b'[{"metric":{},"value":[1,"+Inf"]}]'), None, False),
        (b'{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}', 0, False),
        (b'{"status":"success","data":{"resultType":"matrix","result":[]}}', None, True),
        (b'{"status":"error","errorType":"bad_data","error":"parse error"}', None, True),
        (b'{"status":"success","data":null}', None, True),
        (b"<html>502 Bad Gateway</html>", None, True),
        (b"[]", None, True),
    ],
)  # fmt: skip
def test_answers(body: bytes, value: float | None, trouble: bool) -> None:
    """No data is not zero, and whatever is no answer is trouble."""
    said = parse(body)
    assert (said.value, said.trouble is not None) == (value, trouble)


def test_values_of_labels_are_quoted() -> None:
    """No name of a job can become a part of the question."""
    assert escaped('a"} or vector(0) #\\\n') == 'a\\"} or vector(0) #\\\\\\n'
