"""How long the critical endpoints take: asked at a fixed rate, on the host and from here. The first do not count.

On the host it judges; from here it is shown alone, since a poor Wi-Fi is no reason to call production slow. It asks
at a fixed rate whatever comes back: who waits for each answer before the next question never sees a queue.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

from hummii_ops.checks.at_most import at_most, not_judged, unseen
from hummii_ops.checks.client.fetch import fetch
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport import LinkLost, Transport

EVERY_MS, WITHIN_S = 100, 5.0
WARM_UP, COUNTED, COUNTED_OF_SEVERAL = 4, 40, 30
_LATE_MS = 500.0  # less is usual on a busy machine, and only spreads the questions
_FEWEST_FAILED = 3
_PROBE = re.compile(r"probe (\d+) (\d+) (\d{3}) ([\d.]+)")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One question: the how manieth, how late it was asked, what came (None: no whole answer), how long it took."""

    number: int
    late_ms: float
    status: int | None
    ms: float


def measure(transport: Transport, environment: Environment, host: Host) -> tuple[Measurement, ...]:
    """`response.host<path>` and `response.here<path>` for each critical endpoint, side by side."""
    return look(transport, environment, host)[1]


def look(
    transport: Transport, environment: Environment, host: Host
) -> tuple[dict[str, tuple[float, ...]], tuple[Measurement, ...]]:
    """The same, with the times of the good answers on the host by path, in ms and in the order of asking."""
    paths = tuple(one.path for one in environment.critical_endpoints) or (environment.health.path,)
    inside = urlsplit(environment.health.inside or "")
    base = f"{inside.scheme}://{inside.netloc}" if inside.netloc else None
    with ThreadPoolExecutor(2, thread_name_prefix="responses") as threads:
        on_host = threads.submit(_on_host, transport, environment, base, paths)
        here = threads.submit(_here, environment, host.url, paths)
        probes, measured = on_host.result()
        return times(paths, probes), (*measured, *here.result())


def limit_ms(environment: Environment, path: str) -> float:
    """What this path's answers may take."""
    own = {one.path: one.response_p95_ms for one in environment.critical_endpoints}
    return own.get(path) or environment.limits.response_p95_ms


def times(paths: Sequence[str], probes: Sequence[Probe]) -> dict[str, tuple[float, ...]]:
    """Of what counts and was answered well."""
    found = {}
    for number, path in enumerate(paths):
        own = sorted(_counted(number, len(paths), probes), key=lambda one: one.number)
        found[path] = tuple(round(one.ms, 2) for one in own if one.status is not None and one.status < 400)
    return found


def _counted(endpoint: int, endpoints: int, probes: Sequence[Probe]) -> list[Probe]:
    """Those of one endpoint, without the first."""
    _, warm = questions_for(endpoints)
    return [one for one in probes if one.number % endpoints == endpoint and one.number >= warm * endpoints]


def questions_for(endpoints: int) -> tuple[int, int]:
    """(how many questions in all, how many of each endpoint do not count)"""
    counted = COUNTED if endpoints == 1 else COUNTED_OF_SEVERAL
    warm = max(WARM_UP // endpoints, 1)
    return (counted + warm) * endpoints, warm


def _on_host(
    transport: Transport, environment: Environment, base: str | None, paths: Sequence[str]
) -> tuple[Sequence[Probe], Iterable[Measurement]]:
    if base is None:
        return (), [not_judged("response.host", "the inventory names no health.inside", source="curl")]
    urls = [base + path for path in paths]
    try:
        probes = probe_on_host(transport, urls)
    except (LinkLost, Unreachable):
        reason = "could not look: the link was lost or the answer was cut"
        return (), [unseen(f"response.host{path}", reason, source=_source(base + path)) for path in paths]
    if probes is None:
        required = "responses" in environment.limits.required
        return (), [not_judged("response.host", "the host has no curl", source="command -v curl", required=required)]
    return probes, judge("host", paths, urls, probes, environment)


def _here(environment: Environment, url: str | None, paths: Sequence[str]) -> Iterable[Measurement]:
    if url is None:
        reason = "the inventory names no url of this host"
        return [not_judged("response.here", reason, source="curl", critical=False)]
    urls = [url.rstrip("/") + path for path in paths]
    return judge("here", paths, urls, probe_from_here(urls), environment)


def probe_on_host(
    transport: Transport,
    urls: Sequence[str],
    *,
    questions: int | None = None,
    every_ms: int = EVERY_MS,
    within_s: float = WITHIN_S,
) -> tuple[Probe, ...] | None:
    """Ask there; None without curl. Raises LinkLost, and Unreachable for an answer that was cut."""
    total = questions_for(len(urls))[0] if questions is None else questions
    script = files("hummii_ops.checks.requests").joinpath("responses.sh").read_text(encoding="utf-8")
    limit_s = 2 * total * every_ms / 1000 + within_s + 15
    words = (str(total), str(every_ms), f"{within_s:g}", *urls)
    said = frames(transport.call(script, *words, limit_s=limit_s).stdout, host=transport.name)
    if said.all("absent"):
        return None
    return tuple(
        Probe(number=int(m[1]), late_ms=float(m[2]), status=int(m[3]) or None, ms=float(m[4]) * 1000)
        for m in _PROBE.finditer(said.one("responses").text)
    )


def probe_from_here(urls: Sequence[str]) -> tuple[Probe, ...]:
    """Ask from this machine. Who has not answered at the end has not answered: nobody is waited for any longer."""
    total, _ = questions_for(len(urls))
    came: queue.SimpleQueue[Probe] = queue.SimpleQueue()

    def question(number: int, late_ms: float) -> None:
        answer = fetch(urls[number % len(urls)], within_s=WITHIN_S)
        came.put(Probe(number=number, late_ms=late_ms, status=answer.status, ms=answer.elapsed_ms))

    began = time.monotonic()
    for number in range(total):
        left = began + number * EVERY_MS / 1000 - time.monotonic()
        time.sleep(max(left, 0))
        threading.Thread(target=question, args=(number, max(-left * 1000, 0)), daemon=True).start()
    probes: list[Probe] = []
    ends = time.monotonic() + WITHIN_S + 1
    while len(probes) < total and (left := ends - time.monotonic()) > 0:
        try:
            probes.append(came.get(timeout=left))
        except queue.Empty:
            break
    return tuple(probes)


def judge(
    place: str, paths: Sequence[str], urls: Sequence[str], probes: Sequence[Probe], environment: Environment
) -> list[Measurement]:
    """One measurement for each endpoint. A question that never came back has failed."""
    total, warm = questions_for(len(paths))
    found = []
    for number, path in enumerate(paths):
        own = _counted(number, len(paths), probes)
        lost = max(total // len(paths) - warm - len(own), 0)
        found.append(_endpoint(path, place, urls[number], own, lost, environment))
    return found


def _endpoint(
    path: str, place: str, url: str, own: Sequence[Probe], lost: int, environment: Environment
) -> Measurement:
    """Fail for three that failed, or a p95 above the limit; not judged where the asker itself came too late."""
    name, critical = f"response.{place}{path}", place == "host"
    answered = sorted(one.ms for one in own if one.status is not None and one.status < 400)
    n, late = len(own) + lost, sum(one.late_ms > _LATE_MS for one in own)
    failed, source = n - len(answered), _source(url)
    required = "responses" in environment.limits.required
    window_s = round(n * EVERY_MS / 1000, 1)
    if failed >= _FEWEST_FAILED:
        statuses = sorted({str(one.status or "none") for one in own if one.status is None or one.status >= 400})
        reason = f"{failed} of {n} questions got no good answer (status {', '.join(statuses) or 'none'})"
        return Measurement(
            name=name, verdict="fail", value=failed, unit="failed", limit=_FEWEST_FAILED - 1, reason=reason,
            source=source, samples=n, window_s=window_s, critical=critical,
        )  # fmt: skip
    if late * 4 > n:
        reason = f"{late} of {n} questions were asked late: the asker is too busy to time others"
        return not_judged(
            name, reason, source=source, required=required, samples=n, window_s=window_s, critical=critical
        )
    import statistics  # here, since it brings decimals and fractions, which no other task needs

    cut = statistics.quantiles(answered, n=100, method="inclusive")
    told = f"p50 {cut[49]:.0f} ms, p95 {cut[94]:.0f} ms, max {answered[-1]:.0f} ms"
    notes = (f"; {failed} failed" if failed else "") + (f"; {late} asked late" if late else "")
    return at_most(
        name,
        cut[94],
        limit_ms(environment, path),
        unit="ms",
        reason=told + notes,
        source=source,
        samples=n,
        window_s=window_s,
        critical=critical,
    )


def _source(url: str) -> str:
    return f"curl -s -o /dev/null -w '%{{http_code}} %{{time_total}}' {url}"
