"""A step, done as often as it says: each attempt judged, its times kept, its captures taken.

It knows nothing of the flow around it: no verdict of a flow, no clean-up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from statistics import median
from threading import Event

from hummii_ops.checks.client.deadline import Stopped, TimeUp, within
from hummii_ops.checks.client.http import Caller, NoResponse
from hummii_ops.checks.client.timing import Timing
from hummii_ops.checks.flows.asking import LiveKey, ask
from hummii_ops.checks.flows.clients import Clients
from hummii_ops.checks.flows.expectations import Answer, captured, wrong
from hummii_ops.checks.flows.models import Step
from hummii_ops.checks.flows.names import Names, Unknown
from hummii_ops.checks.flows.parts import Http, WaitUntil
from hummii_ops.checks.flows.played import Made, StepResult

_BEFORE_RETRY_S = 0.3


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a step works with."""

    names: Names
    caller: Caller
    clients: Clients
    base: str
    stop: Event
    deadline: float  # monotonic, of the whole flow


@dataclass(kw_only=True)
class Attempts:
    """The attempts at one step so far."""

    step: Step
    tools: Tools
    done: int = 0
    reasons: list[str] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    made: Made = "unsent"
    blocked: str | None = None

    def all(self) -> StepResult:
        """Do the step as often as it says. Raises Stopped, after which `made` is still true."""
        names = self.tools.names
        while self.done < self.step.repeat and self.blocked is None and self._left() > 0:
            names.keep("attempt", self.done + 1)
            said = self._one()
            for _ in range(self.step.retry if self.blocked is None else 0):
                if said is None or self.tools.stop.wait(_BEFORE_RETRY_S):
                    break
                said = self._one()
            self.done += 1
            if said is not None:
                self.reasons.append(names.masked(said))
            if self.tools.stop.is_set():
                raise Stopped(ended=True)
        return self._result()

    def _left(self) -> float:
        return self.tools.deadline - time.monotonic()

    def _one(self) -> str | None:
        """One attempt: what is wrong, None if nothing is."""
        limit_s = max(0.001, min(self.step.within_s, self._left()))
        try:
            return self._judged(self._do(limit_s))
        except NoResponse as error:
            self._learn("unknown" if error.connected else "unsent")
            self.blocked = None if error.connected else f"could not look: {error}"
            return str(error)
        except TimeUp:
            self._learn("unknown")
            return f"not done within {limit_s:.3g} s"
        except (Unknown, LiveKey) as error:
            self.blocked = str(error)
            return self.blocked
        except Stopped as error:
            self._learn("refused" if error.ended else "unknown")
            raise

    def _do(self, limit_s: float) -> Answer:
        step, tools = self.step, self.tools
        if step.http is not None:
            return self._ask(step.http, limit_s)
        if step.wait_until is not None:
            return self._ask_until(step.wait_until, limit_s)
        began = time.monotonic()
        if step.socketio is not None:
            act, clients = step.socketio, tools.clients
            answer = within(limit_s + 1, lambda: clients.socketio(act, limit_s), stop=tools.stop)
        elif step.websocket is not None:
            web, clients = step.websocket, tools.clients
            answer = within(limit_s + 1, lambda: clients.websocket(web, limit_s), stop=tools.stop)
        return replace(answer, timing=Timing(total_ms=round((time.monotonic() - began) * 1000)))

    def _ask(self, http: Http, limit_s: float) -> Answer:
        tools = self.tools
        return ask(http, tools.names, tools.caller, base=tools.base, limit_s=limit_s, stop=tools.stop)

    def _ask_until(self, http: WaitUntil, limit_s: float) -> Answer:
        """The first answer that is as expected. Raises NoResponse at the deadline, with what was wrong at last."""
        limit_s = min(self._left(), http.deadline_s)
        deadline, said = time.monotonic() + limit_s, ""
        while (left := deadline - time.monotonic()) > 0:
            try:
                answer = self._ask(http, min(left, self.step.within_s))
                if (off := wrong(answer, self.step.expect, self.tools.names.lookup)) is None:
                    return answer
                said = off
            except NoResponse as error:  # the last one may be cut short by the deadline alone
                said = said or str(error)
            if self.tools.stop.wait(max(0.0, min(http.every_s, deadline - time.monotonic()))):
                raise Stopped(ended=True)
        raise NoResponse(f"not within {limit_s:.3g} s: {said}", connected=True)

    def _judged(self, answer: Answer) -> str | None:
        self.timings.append(answer.timing)
        said = wrong(answer, self.step.expect, self.tools.names.lookup)
        self._learn("refused" if said else "made")
        if said:
            return said
        for name, capture in self.step.capture.items():
            value = captured(capture, answer)
            if value is None:
                return f"the answer has no {name}"
            self.tools.names.keep(name, value, secret=capture.secret)
        return None

    def _learn(self, made: Made) -> None:
        """One attempt that made something is enough; of the others the least certain counts."""
        order: tuple[Made, ...] = ("unsent", "refused", "unknown", "made")
        self.made = max(self.made, made, key=order.index)

    def _result(self) -> StepResult:
        failures, step = len(self.reasons), self.step
        slowest = max(self.timings, key=lambda one: one.total_ms, default=None)
        result = StepResult(
            name=step.name,
            verdict="pass",
            attempts=self.done,
            failures=failures,
            median_ms=round(median(one.total_ms for one in self.timings)) if self.timings else None,
            limit_ms=step.limit_ms,
            timing=slowest,
        )
        if self.blocked is not None:
            return replace(result, verdict="error", reason=self.tools.names.masked(self.blocked))
        if failures > step.max_failures:
            of = f"{failures} of {self.done} failed: " if step.repeat > 1 else ""
            return replace(result, verdict="fail", reason=of + self.reasons[-1])
        if self.done < step.repeat:
            return replace(result, verdict="fail", reason=f"{self.done} of {step.repeat} done at the flow's deadline")
        return result
