"""Users' requests in any window of time, as the environment's Prometheus counted them: what the proxy's log tells, too.

Never takes silence for zero: a window that Prometheus does not know from its beginning on is None. Times are no finer
than the buckets of the histogram.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import chain, zip_longest

from hummii_ops.checks.requests.prometheus import Said, ask, choosing, parse, url_of
from hummii_ops.checks.requests.user_requests import Requests, Window
from hummii_ops.inventory.limits import Prometheus
from hummii_ops.transport import Transport

_MOST_STEPS, _MOST_EACH = 30, 10


@dataclass(frozen=True, kw_only=True)
class _Times(Said):
    values: tuple[float | None, ...] = ()


def count(transport: Transport, server: Prometheus, window: Window) -> Requests | None:
    """None: it has no data of that time. Raises LinkLost and Unreachable, if it is the host who asks."""
    every, failed = choosing(server), choosing(server, f'{server.status_label}=~"5.."')
    until, length = window.until.timestamp(), f"[{max(round(window.seconds), 1)}s]"
    begun = window.since.timestamp() + min(server.window_s, window.seconds / 2)
    urls = [
        url_of(server, f"sum(increase({server.requests_metric}{every}{length}))", time=f"{until:.3f}"),
        url_of(server, f"sum(increase({server.requests_metric}{failed}{length})) or vector(0)", time=f"{until:.3f}"),
        url_of(server, f"count({server.requests_metric}{every})", time=f"{begun:.3f}"),
    ]
    said = ask(transport, server, urls, parse)
    if trouble := next((one.trouble for one in said if one.trouble), None):
        return Requests(trouble=trouble)
    all_of_them, of_5xx, then = (one.value for one in said)
    if all_of_them is None or of_5xx is None or then is None:
        return None
    n = round(all_of_them)
    times = _times(transport, server, window, n) if n else ()
    if isinstance(times, Said):
        return Requests(trouble=times.trouble)
    samples = times[:: max(math.ceil(len(times) / n), 1)] if n else ()  # never more than there were requests
    return Requests(n=n, failed=min(round(of_5xx), n), timed=n if samples else 0, samples=samples)


def shares(each: int) -> tuple[float, ...]:
    """So many requests that stand for all of a step; not in rising order, which would look like growing slow."""
    return tuple((one + 0.5) / each for one in sorted(range(each), key=lambda one: one * 7 % 10))


def _times(transport: Transport, server: Prometheus, window: Window, n: int) -> tuple[float, ...] | Said:
    """How long they took, step by step, in each as many as there were requests, ten at most.

    None where there is no such histogram. Said where one question was not answered: the rest alone would mislead.
    """
    step_s = max(window.seconds / _MOST_STEPS, min(server.window_s, window.seconds))
    each = max(1, min(_MOST_EACH, int(n * step_s / window.seconds)))
    every = choosing(server)
    buckets = f"sum by (le) (rate({server.durations_metric}_bucket{every}[{max(round(step_s), 1)}s]))"
    first, last = window.since.timestamp() + step_s, window.until.timestamp()
    when = {"start": f"{first:.3f}", "end": f"{max(first, last):.3f}", "step": f"{step_s:.3f}"}
    urls = [url_of(server, f"1000 * histogram_quantile({share}, {buckets})", **when) for share in shares(each)]
    said = ask(transport, server, urls, parse_times)
    if silent := next((one for one in said if one.trouble), None):
        return silent
    found = [one.values for one in said if isinstance(one, _Times)]
    return tuple(one for one in chain.from_iterable(zip_longest(*found)) if one is not None)


def parse_times(body: bytes) -> Said:
    """An answer of /api/v1/query_range: one number a step, None where there is none."""
    try:
        result = json.loads(body)["data"]["result"]
        values = [float(one) for _, one in result[0]["values"]] if result else []
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return Said(trouble="what came is no answer of a Prometheus")
    return _Times(values=tuple(one if math.isfinite(one) and one >= 0 else None for one in values))
