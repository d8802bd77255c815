"""Takes away what a flow made: at its end, whatever that was, or later from the ledger. Idempotent.

Never takes "it is not there" for an answer where it was seen to be made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hummii_ops.checks.client.http import Caller, NoResponse
from hummii_ops.checks.flows.asking import LiveKey, ask
from hummii_ops.checks.flows.expectations import Answer, captured, wrong
from hummii_ops.checks.flows.models import CleanUp
from hummii_ops.checks.flows.names import Names, Unknown

_LIMIT_S = 5.0


def clean(
    steps: tuple[CleanUp, ...], names: Names, caller: Caller, *, base: str, deadline: float, may_be_gone: bool
) -> str | None:
    """Do the clean-ups one after another: None when nothing is left, else why it is. `deadline` is monotonic."""
    for step in steps:
        limit_s = min(_LIMIT_S, deadline - time.monotonic())
        if limit_s <= 0:
            return f"{step.name}: no time was left"
        try:
            answer = ask(step.http, names, caller, base=base, limit_s=limit_s)
            if may_be_gone and answer.status in step.gone:
                return None
            said = wrong(answer, step.expect, names.lookup) or _keep(step, answer, names)
        except (NoResponse, Unknown, LiveKey) as error:
            said = str(error)
        if said is not None:
            return names.masked(f"{step.name}: {said}")
    return None


def read_steps(written: tuple[Mapping[str, Any], ...]) -> tuple[CleanUp, ...] | None:
    """The clean-ups as the ledger has them; None if they cannot be understood."""
    try:
        return tuple(CleanUp.model_validate(one) for one in written)
    except ValidationError:
        return None


def _keep(step: CleanUp, answer: Answer, names: Names) -> str | None:
    for name, capture in step.capture.items():
        value = captured(capture, answer)
        if value is None:
            return f"the answer has no {name}"
        names.keep(name, value, secret=capture.secret)
    return None
