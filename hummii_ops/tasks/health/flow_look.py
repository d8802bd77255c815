"""The user flows as one of verify's looks: they play beside the others, and are judged with them."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

from hummii_ops.checks import Measurement
from hummii_ops.inventory import Environment, Host
from hummii_ops.tasks.health import flow_stage


@dataclass(frozen=True, kw_only=True)
class FlowLook:
    """What the flows gave on one host. `notes` judge nothing."""

    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()


def look_at_flows(environment: Environment, host: Host, stop: Event) -> FlowLook:
    """Play the flows that are allowed; where none is, say so as skipped. Never raises for what is in the files."""
    from hummii_ops.checks.flows import measure  # here: an environment without flows does not load them

    settings = flow_stage.settings_of(environment)
    if not settings.allow:
        return FlowLook(measurements=measure.none_allowed())
    if not host.url:
        return FlowLook(measurements=measure.none_allowed("this host has no public URL (hosts[].url)"))
    loaded = flow_stage.loaded(environment)
    if loaded.problems:
        return FlowLook(measurements=measure.unreadable(len(loaded.problems)))

    from hummii_ops.checks.flows.company import play_all

    stage = flow_stage.stage(environment, host, stop)
    played = play_all(loaded.flows.values(), settings, stage, health_path=environment.health.path)
    left = sum(len(one.left) for one in played)
    note = f"{left} of the flows' test accounts or things could not be taken away: fab flows.clean"
    return FlowLook(measurements=measure.measure(played), notes=(note,) if left else ())
