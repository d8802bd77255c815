"""The document hummii-ops/report/v1 of a run, that all other forms are made from. Pure: same folder, same bytes."""

from __future__ import annotations

from typing import Any

from hummii_ops.errors import ExitCode
from hummii_ops.plans.plan import StackState
from hummii_ops.run.kept import Kept, KeptHost
from hummii_ops.telling.report import samples, times
from hummii_ops.telling.report.messages import messages
from hummii_ops.telling.report.timeline import timeline
from hummii_ops.telling.report.wording import told

SCHEMA = "hummii-ops/report/v1"
# The worst host is the run's.
_ORDER = ("mixed", "unfinished", "unknown", "restored", "refused", "degraded", "pass")


def document(kept: Kept, *, limit_ms: float | None = None) -> dict[str, Any]:
    """`limit_ms`: what the health URL's answers may take, drawn into the chart."""
    first = kept.hosts[0]
    at = times.moments(kept)
    spans = times.durations(at)
    people = messages(kept.folder)
    outages = [host.outcome.outage_s for host in kept.hosts]
    return {
        "schema": SCHEMA,
        "exit_code": 0,
        "verdict": _worst({_verdict(host) for host in kept.hosts}),
        "run_id": kept.run_id,
        "environment": told(first.plan.environment),
        "task": told(first.plan.task),
        "who": told(kept.about.get("who", "")) or None,
        "reason": told(kept.about.get("reason", "")) or None,
        "plan_id": first.plan.digest,
        "from": _state(first.plan.left),
        "to": _state(first.plan.target),
        "complete": not kept.missing,
        "missing": [told(one) for one in kept.missing],
        "moments": {name: one.isoformat() if one else None for name, one in at.items()},
        "durations": spans,
        "estimate": times.estimate(kept, spans["total_s"] if at["changed_at"] else None),
        "outage_s": None if None in outages else max(one for one in outages if one is not None),
        "outage_reason": next((host.outcome.outage_reason for host in kept.hosts if host.outcome.outage_reason), None),
        "limit_ms": limit_ms,
        "hosts": [_host(host) for host in kept.hosts],
        "timeline": timeline(kept, people),
        "scenario": told(kept.about.get("scenario", "")) or None,
        "messages": people,
        "steps": [_told(one.as_json()) for host in kept.hosts for one in host.outcome.steps],
        "checklist": [_told(vars(item)) for item in first.plan.checklist],
        "checks": _checks(kept),
        "warnings": [told(one) for one in first.plan.warnings],
    }


def _worst(verdicts: set[str]) -> str:
    """Hosts that ended on two releases are mixed, as for the exit code of the run."""
    differ = verdicts & {"pass", "degraded"} and verdicts & {"restored", "refused"}
    return min(verdicts | ({"mixed"} if differ else set()), key=_ORDER.index)


def _verdict(host: KeptHost) -> str:
    ended = host.outcome
    if not host.events:
        return "unknown"
    if ended.state == "done":
        return "pass" if ended.exit_code is ExitCode.DONE else "degraded"
    if ended.exit_code is ExitCode.MIXED:
        return "mixed" if ended.state in ("mixed", "abandoned") else "unfinished"
    return {"restored": "restored", "prepared": "pass"}.get(ended.state, "refused")


def _state(state: StackState) -> dict[str, Any]:
    return {"release": state.release_id, "version": told(state.label), "identity": state.identity}


def _host(host: KeptHost) -> dict[str, Any]:
    ended, changed = host.outcome, times.changed_between(host)
    well = times.recovered_at(host)
    return {
        "name": host.name,
        "state": ended.state,
        "ended": host.ended,
        "outside": ended.outside,
        "outside_by_default": ended.by_default,
        "cancelled": ended.cancelled,
        "outage_s": ended.outage_s,
        "outage_reason": ended.outage_reason,
        "began_at": ended.began_at.isoformat() if ended.began_at else None,
        "changed_at": changed[0].isoformat() if changed else None,
        "placed_at": changed[1].isoformat() if changed else None,
        "back_at": next((event.at.isoformat() for event in host.events if event.kind == "back"), None),
        "recovered_at": well.isoformat() if well else None,
        "last_event_at": ended.ended_at.isoformat() if ended.ended_at else None,
        "clock": times.clock(host).as_json(),
        "health": samples.summary(samples.parse(host.probes)),
        "files": list(host.files),
        "journal_sha256": host.outcome.journal_sha256,
    }


def _told(value: Any) -> Any:
    """Every text in a part of the document, fit to be kept."""
    if isinstance(value, str):
        return told(value)
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items()}
    return [_told(one) for one in value] if isinstance(value, (list, tuple)) else value


def _checks(kept: Kept) -> list[dict[str, Any]] | None:
    """What `fab verify` measured for this run; None: nobody has looked."""
    measured = (kept.verify or {}).get("measurements")
    if not isinstance(measured, list):
        return None
    keys = ("name", "host", "verdict", "value", "unit", "limit", "reason", "critical")
    return [_told({key: one.get(key) for key in keys}) for one in measured if isinstance(one, dict) and one.get("name")]
