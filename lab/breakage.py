"""Breaks one flow of the demo alone, at once and without a restart; for tests, and for trying the checks by hand.

Real production has no such switch: the lab's api reads it from redis at each request (images/api/src/breakage.js). A
redis that starts anew has forgotten it.
"""

from __future__ import annotations

from typing import Literal, get_args

from hummii_ops.errors import UsageError
from lab import container, golden
from lab.state import Lab, LabHost

Flow = Literal["registration", "token", "order", "chat", "payment"]
FLOWS: tuple[Flow, ...] = get_args(Flow)
BROKEN = "lab:broken"


def break_flow(lab: Lab, host: LabHost, flow: Flow) -> None:
    """From the next request on: registration 409; a bad token from login; order 500; payment 402; chat not delivered.

    Raises UsageError for another word.
    """
    _redis(lab, host, "SADD", BROKEN, _known(flow))


def mend(lab: Lab, host: LabHost, flow: Flow | None = None) -> None:
    """Make a flow, or all of them, well again."""
    words = ("DEL", BROKEN) if flow is None else ("SREM", BROKEN, _known(flow))
    _redis(lab, host, *words)


def _known(flow: Flow) -> str:
    if flow not in FLOWS:
        raise UsageError(f"no flow {flow!r}", remedy=f"use one of: {', '.join(FLOWS)}")
    return flow


def _redis(lab: Lab, host: LabHost, *words: str) -> None:
    compose = ("docker", "compose", "-f", f"{golden.PROJECT}/{golden.COMPOSE_FILE}")
    container.inside(lab.container(host), *compose, "exec", "-T", "redis", "redis-cli", *words)
