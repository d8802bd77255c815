"""What Prometheus knows of the stack: share of 5xx, p95, and the inventory's own questions.

Never takes silence for zero: no series, or NaN, is no data, and inconclusive; a Prometheus that is down is an error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from hummii_ops.checks.at_most import at_most, not_judged, rounded, unseen
from hummii_ops.checks.client.fetch import fetch
from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Prometheus
from hummii_ops.transport import LinkLost, Transport


@dataclass(frozen=True, kw_only=True)
class Said:
    """The answer to one question: a number; None is no data. `trouble`: there was no answer that can be used."""

    value: float | None = None
    trouble: str | None = None


def measure(transport: Transport, environment: Environment) -> tuple[Measurement, ...]:
    """`prometheus.errors`, `prometheus.p95`, and one for each question of the inventory; nothing if none is named."""
    server = environment.prometheus
    if server is None:
        return ()
    questions = queries(server) | {f"own {name}": one.query for name, one in server.queries.items()}
    try:
        answers = ask(transport, server, [url_of(server, one) for one in questions.values()], parse)
    except (LinkLost, Unreachable):
        answers = [Said(trouble="the link was lost or the answer was cut")] * len(questions)
    return tuple(judge(dict(zip(questions, answers, strict=True)), environment, server))


def queries(server: Prometheus) -> dict[str, str]:
    """What we ask by ourselves. Without any 5xx there is no series of it: that is zero, as vector(0) says."""
    window, requests = f"[{server.window_s}s]", server.requests_metric
    every, failed = choosing(server), choosing(server, f'{server.status_label}=~"5.."')
    buckets = f"sum by (le) (rate({server.durations_metric}_bucket{every}{window}))"
    return {
        "samples": f"sum(increase({requests}{every}{window}))",
        "errors": f"100 * (sum(rate({requests}{failed}{window})) or vector(0)) / sum(rate({requests}{every}{window}))",
        "p95": f"1000 * histogram_quantile(0.95, {buckets})",
    }


def choosing(server: Prometheus, *more: str) -> str:
    """The labels that choose the stack's series."""
    return "{" + ",".join([*(f'{name}="{escaped(value)}"' for name, value in server.labels.items()), *more]) + "}"


def escaped(value: str) -> str:
    """A label's value as PromQL reads it back."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def parse(body: bytes) -> Said:
    """An answer of /api/v1/query: one number, or none."""
    try:
        document = json.loads(body)
        if document["status"] != "success":
            return Said(trouble=shown(f"{document.get('errorType')}: {document.get('error')}"))
        kind, result = document["data"]["resultType"], document["data"]["result"]
        if kind == "scalar":
            return _number(result)
        if kind != "vector":
            return Said(trouble=f"the question gives a {shown(str(kind))}, not a number")
        if len(result) > 1:
            return Said(trouble=f"the question gives {len(result)} series, not one number: sum(…) them")
        return _number(result[0]["value"]) if result else Said()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return Said(trouble="what came is no answer of a Prometheus")


def _number(pair: Sequence[Any]) -> Said:
    value = float(pair[1])
    return Said(value=value if math.isfinite(value) else None)


def url_of(server: Prometheus, query: str, **more: str) -> str:
    """Where this question is asked; `more`: of which time."""
    return f"{server.url}/api/v1/{'query_range' if 'step' in more else 'query'}?{urlencode({'query': query} | more)}"


def ask(transport: Transport, server: Prometheus, urls: Sequence[str], read: Callable[[bytes], Said]) -> list[Said]:
    """Every answer, as `read` reads it. Raises LinkLost and Unreachable, if it is the host who asks."""
    if server.asked_from == "host":
        return _from_host(transport, server, urls, read)

    def one(url: str) -> Said:
        answer = fetch(url, within_s=server.timeout_s)
        return Said(trouble=f"no answer: {shown(answer.error)}") if answer.status is None else read(answer.body)

    with ThreadPoolExecutor(4, thread_name_prefix="prometheus") as threads:
        return list(threads.map(one, urls))


def _from_host(
    transport: Transport, server: Prometheus, urls: Sequence[str], read: Callable[[bytes], Said]
) -> list[Said]:
    script = files("hummii_ops.checks.requests").joinpath("prometheus.sh").read_text(encoding="utf-8")
    limit_s = len(urls) * server.timeout_s + 15
    said = frames(
        transport.call(script, f"{server.timeout_s:g}", *urls, limit_s=limit_s).stdout, host=transport.name
    ).all("answer")
    if len(said) != len(urls):
        raise Unreachable(f"{transport.name}: the answer was cut short", remedy="try again")
    # curl ends with 0 also for HTTP 400, wget with 8: what came tells more than the code
    return [
        Said(trouble=f"no answer: {shown(one.text)}")
        if one.exit_code and not one.text.startswith("{")
        else read(one.data)
        for one in said
    ]


def judge(said: Mapping[str, Said], environment: Environment, server: Prometheus) -> Iterator[Measurement]:
    """Every measurement; `said` by the name of its question."""
    limits, asked = environment.limits, queries(server)
    n = said["samples"].value
    for key, limit, unit in (("errors", limits.errors_percent, "%"), ("p95", limits.request_p95_ms, "ms")):
        name, source, found = f"prometheus.{key}", _source(server, asked[key]), said[key]
        missing = math.ceil(limits.least_requests - n) if n is not None else 0
        if trouble := found.trouble or said["samples"].trouble:
            yield unseen(name, f"could not look: {trouble}", source=source)
        elif n is None or found.value is None or n <= 0:
            yield _no_data(name, source, server)
        elif missing > 0:
            why, required = f"{n:.0f} requests; {missing} more are needed", "prometheus" in limits.required
            yield not_judged(name, why, source=source, required=required, samples=round(n), window_s=server.window_s)
        else:
            yield at_most(
                name,
                found.value,
                limit,
                unit=unit,
                reason=f"of {n:.0f} requests, as Prometheus tells",
                source=source,
                samples=round(n),
                window_s=server.window_s,
            )
    yield from _own(said, server)


def _own(said: Mapping[str, Said], server: Prometheus) -> Iterator[Measurement]:
    for key, one in server.queries.items():
        name, source, found = f"prometheus.{key}", _source(server, one.query), said[f"own {key}"]
        unit, reason = one.unit or "", "as the inventory asks"
        if found.trouble:
            yield unseen(name, f"could not look: {found.trouble}", source=source, critical=one.critical)
        elif found.value is None:
            yield _no_data(name, source, server, critical=one.critical)
        elif one.limit is None:
            yield Measurement(
                name=name, verdict="pass", value=rounded(found.value), unit=one.unit, reason=reason, source=source,
                critical=False,
            )  # fmt: skip
        else:
            yield at_most(name, found.value, one.limit, unit=unit, reason=reason, source=source, critical=one.critical)


def _no_data(name: str, source: str, server: Prometheus, *, critical: bool = True) -> Measurement:
    reason = f"Prometheus has no data of the last {server.window_s} s: no traffic, or nothing is scraped"
    return Measurement(
        name=name, verdict="inconclusive", reason=reason, source=source, window_s=server.window_s, critical=critical
    )


def _source(server: Prometheus, query: str) -> str:
    on = " (on the host)" if server.asked_from == "host" else ""
    return f"curl -G {server.url}/api/v1/query --data-urlencode 'query={query}'{on}"
