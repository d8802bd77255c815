"""Plays one flow: its set-up, its steps, and, whatever comes of them, its clean-up in reverse order.

What a step makes is in the ledger before the step begins. A stop or a deadline ends the steps, never the clean-up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from hummii_ops.checks.client.deadline import Stopped
from hummii_ops.checks.client.http import Caller
from hummii_ops.checks.flows.asking import LiveKey
from hummii_ops.checks.flows.attempts import Attempts, Tools
from hummii_ops.checks.flows.cleaning import clean
from hummii_ops.checks.flows.clients import Clients
from hummii_ops.checks.flows.ledger import Entry, Ledger, mark_of
from hummii_ops.checks.flows.models import Flow, Step
from hummii_ops.checks.flows.names import Names, Unknown, is_secret, new_run_id
from hummii_ops.checks.flows.played import Played, StepResult
from hummii_ops.checks.flows.templates import fill, holes
from hummii_ops.checks.verdict import Judged

_CLEANS_WITHIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a flow plays. `secret` gives a secret of the inventory by its name; `stop` ends every flow soon."""

    environment: str
    host: str
    url: str
    ledger: Ledger
    secret: Callable[[str], str]
    env: Mapping[str, str]
    stop: Event


def play(flow: Flow, stage: Stage) -> Played:
    """Play it once."""
    return _Play(flow, stage).all()


class _Play:
    """One flow at work."""

    def __init__(self, flow: Flow, stage: Stage) -> None:
        self._flow, self._stage, self._began = flow, stage, time.monotonic()
        run_id = new_run_id(datetime.now(UTC))
        key = stage.ledger.key()
        self._key_mark = mark_of(key)
        self._names = Names(run_id, key=key, secret=stage.secret, env=stage.env)
        self._caller, self._clients = Caller(), Clients(self._names, stage.url)
        self._results: list[StepResult] = []
        self._made: list[tuple[Entry, Attempts]] = []

    def all(self) -> Played:
        left: tuple[str, ...] = ()
        try:
            verdict, reason = self._steps()
        finally:
            left = self._clean()
            self._clients.close()
            self._caller.close()
        elapsed_s = round(time.monotonic() - self._began, 2)
        ended_at = self._results[-1].name if self._results and verdict != "pass" else None
        limits = tuple(step.name for step in (*self._flow.setup, *self._flow.steps) if step.limit_ms)
        return Played(
            flow=self._flow.name,
            verdict=verdict,
            reason=reason,
            critical=self._flow.critical,
            step=ended_at,
            run_id=self._names.run_id,
            elapsed_s=elapsed_s,
            steps=tuple(self._results),
            limits=limits,
            left=left,
        )

    def _steps(self) -> tuple[Judged, str]:
        """Every step until one fails: the verdict and why."""
        deadline = self._began + self._flow.deadline_s
        names, stage = self._names, self._stage
        tools = Tools(
            names=names, caller=self._caller, clients=self._clients, base=stage.url, stop=stage.stop, deadline=deadline
        )
        try:
            self._vars()
            for step in (*self._flow.setup, *self._flow.steps):
                result = self._step(step, tools)
                if result.verdict == "pass":
                    continue
                if step in self._flow.setup and result.verdict == "fail":
                    self._results[-1] = replace(result, verdict="inconclusive")
                    return "inconclusive", f"not judged, its set-up failed at {step.name}: {result.reason}"
                return result.verdict, f"{step.name}: {result.reason}"
        except Stopped:
            return "inconclusive", "stopped"
        except (Unknown, LiveKey) as error:
            return "error", self._names.masked(str(error))
        return "pass", ""

    def _vars(self) -> None:
        secret_names: frozenset[str] = frozenset()
        for name, template in self._flow.vars.items():
            secret = any(is_secret(one, secret_names) for one in holes(template))
            secret_names |= {name} if secret else frozenset()
            self._names.keep(name, fill(template, self._names.lookup), secret=secret)

    def _step(self, step: Step, tools: Tools) -> StepResult:
        if tools.stop.is_set():
            raise Stopped(ended=True)
        attempts = Attempts(step=step, tools=tools)
        if time.monotonic() >= tools.deadline:
            result = StepResult(
                name=step.name, verdict="fail", reason=f"the flow's {self._flow.deadline_s:g} s are over"
            )
        else:
            if step.cleanup:
                self._made.append((self._noted(step), attempts))
            result = attempts.all()
        self._results.append(result)
        return result

    def _noted(self, step: Step) -> Entry:
        """The ledger's line for what this step makes, on the disk before the step begins."""
        entry = Entry(
            id=f"{self._names.run_id}/{self._flow.name}/{step.name}",
            at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            environment=self._stage.environment,
            host=self._stage.host,
            url=self._stage.url,
            flow=self._flow.name,
            step=step.name,
            run_id=self._names.run_id,
            names=self._names.written(),
            steps=tuple(one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in step.cleanup),
            key=self._key_mark,
        )
        self._stage.ledger.open(entry)
        return entry

    def _clean(self) -> tuple[str, ...]:
        """Take away what was made, the last first: what is left, and why."""
        deadline, left = time.monotonic() + _CLEANS_WITHIN_S, []
        for entry, attempts in reversed(self._made):
            said = None
            if attempts.made != "unsent":
                steps, gone = attempts.step.cleanup, attempts.made == "refused"
                said = clean(
                    steps, self._names, self._caller, base=self._stage.url, deadline=deadline, may_be_gone=gone
                )
            if said is not None:
                left.append(f"{entry.step}: {said}")
                continue
            with suppress(OSError):  # a full disk: flows.clean will find nothing there, and forget it then
                self._stage.ledger.close(entry.id)
        return tuple(left)
