"""All allowed flows of one host, side by side or one by one; first a look whether there is anybody to ask.

A flow that may not run is a result with a reason. Where the api is down, no flow begins: it could only leave traces.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

from hummii_ops.checks.flows.asking import address
from hummii_ops.checks.flows.ledger import AtWork
from hummii_ops.checks.flows.models import Flow
from hummii_ops.checks.flows.play import Stage, play
from hummii_ops.checks.flows.played import DOWN, Played
from hummii_ops.checks.flows.templates import holes
from hummii_ops.checks.stack.outside import look
from hummii_ops.inventory import Flows

_LOOKS_WITHIN_S = 5.0
_MOST_AT_ONCE = 8


def may_not(flow: Flow, settings: Flows, url: str) -> str | None:
    """Why this flow may not run there; None if it may. Pure."""
    if not settings.allows(flow.name):
        return "not in flows.allow"
    if settings.payments != "test" and not _pays_at(flow, url) <= set(settings.payment_hosts):
        return "it pays, and payments here are not said to be a test (flows.payments)"
    return None


def _pays_at(flow: Flow, url: str) -> set[str | None]:
    """The hosts that its paying steps ask; None for one that is known only when it runs."""
    paths = [step.request.path if step.request else "/" for step in (*flow.setup, *flow.steps) if step.payment]
    return {
        None if next(holes(path.partition("?")[0]), None) else urlsplit(address(url, path)).hostname for path in paths
    }


def play_all(
    flows: Iterable[Flow], settings: Flows, stage: Stage, *, health_path: str, at_once: int = _MOST_AT_ONCE
) -> tuple[Played, ...]:
    """What came of each flow, in their order."""
    refused = {flow.name: may_not(flow, settings, stage.url) for flow in flows}
    results = {name: Played(flow=name, verdict="skipped", reason=why) for name, why in refused.items() if why}
    playing = [flow for flow in flows if not refused[flow.name]]
    if playing and (why := _down(stage.url.rstrip("/") + health_path)):
        results |= {flow.name: _not_played(flow, *why) for flow in playing}
    elif playing:
        results |= {one.flow: one for one in _play(playing, stage, at_once)}
    return tuple(results[name] for name in refused)


def _down(url: str) -> tuple[str, str] | None:
    """The verdict and the reason of every flow, when nobody answers well."""
    looked = look(url, field=None, version=None, timeout_s=_LOOKS_WITHIN_S)
    match looked.verdict:
        case "pass":
            return None
        case "fail":
            return "inconclusive", DOWN
        case "error":
            return "error", f"could not look from here: {looked.reason}"


def _not_played(flow: Flow, verdict: str, reason: str) -> Played:
    limits = tuple(step.name for step in (*flow.setup, *flow.steps) if step.limit_ms)
    played = Played(flow=flow.name, verdict="inconclusive", reason=reason, critical=flow.critical, limits=limits)
    return replace(played, verdict="error") if verdict == "error" else played


def _play(flows: list[Flow], stage: Stage, at_once: int) -> list[Played]:
    try:
        with stage.ledger.at_work(), ThreadPoolExecutor(at_once, thread_name_prefix="flow") as threads:
            try:
                return list(threads.map(lambda flow: play(flow, stage), flows))
            except BaseException:
                stage.stop.set()  # after Ctrl-C: each flow ends its step and cleans up
                raise
    except AtWork:
        return [_not_played(flow, "inconclusive", "leftovers are being taken away (flows.clean)") for flow in flows]
    except OSError as error:  # nothing is made that could not be written down before
        return [_not_played(flow, "error", f"cannot write the ledger: {error.strerror}") for flow in flows]
