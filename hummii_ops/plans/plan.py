"""A Plan: a printable, hashable value that names the target only, and the way back.

Two lists of the same Step. Nothing in it is secret, and nothing in it depends on when or by whom it is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.swap import Swap
from hummii_ops.steps import Step

SCHEMA = "hummii-ops/plan/v1"

Steadiness = Literal["runs", "ill", "stopped"]


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What a service runs. `hashes` are the config-hash labels that mean "made from these files"; () is not known.

    `ill` is up but restarting, unhealthy or crashed. `replicas`: how many there are, or must be; None is not known.
    """

    service: str
    ref: str
    image_id: str
    hashes: tuple[str, ...] = ()
    steadiness: Steadiness = "runs"
    replicas: int | None = None


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A state of the stack that can be gone back to: files (name → sha256) and services.

    `label` is for people ("1.1"); `identity` is what a mark belongs to, None when it is not one release; `mark` is
    what it was marked when the plan was made.
    """

    label: str
    identity: str | None
    files: Mapping[str, str]
    modes: Mapping[str, str]
    services: tuple[ServiceState, ...]
    release_id: str | None = None
    mark: Literal["good", "bad"] | None = None

    def images(self) -> dict[str, str]:
        """Image id by service."""
        return {one.service: one.image_id for one in self.services}

    def replicas(self) -> dict[str, int]:
        """How many replicas, by service, where it is known."""
        return {one.service: one.replicas for one in self.services if one.replicas is not None}

    def as_json(self) -> dict[str, Any]:
        """For plan.json."""
        return {
            "label": self.label,
            "identity": self.identity,
            "release_id": self.release_id,
            "mark": self.mark,
            "files": dict(self.files),
            "modes": dict(self.modes),
            "services": [vars(one) for one in self.services],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StackState:
        """The state that `as_json` wrote."""
        return cls(
            label=value["label"],
            identity=value["identity"],
            release_id=value["release_id"],
            mark=value.get("mark"),  # an older plan does not say
            files=value["files"],
            modes=value["modes"],
            services=tuple(ServiceState(**{**one, "hashes": tuple(one["hashes"])}) for one in value["services"]),
        )


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """A line of the procedure's checklist: which steps do it and what they found, or why it is skipped."""

    words: str
    steps: tuple[str, ...] = ()
    skipped: str | None = None
    found: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do on one host.

    `expect` is the expectation text of the facts it was made from, `expect_files` the paths in it, in order.
    `notes` are further files of the run (name → text). `changes` and `warnings` are sentences for the operator:
    what is so, and what to think about before saying yes.
    `tidy`: what a run that ends before its first change takes away again. `swap`: of a run that exchanges databases.
    `schema_check`: whether the target's code may serve the database's schema; None where no code goes back.
    """

    task: str
    environment: str
    host: str
    project: str
    project_dir: str
    left: StackState
    target: StackState
    forward: tuple[Step, ...]
    back: tuple[Step, ...]
    expect: str
    expect_files: tuple[str, ...]
    probe_url: str | None = None
    changes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    schema_check: SchemaCheck | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    tidy: tuple[Step, ...] = ()
    swap: Swap | None = None

    def __post_init__(self) -> None:
        for steps in (self.forward, self.back, self.tidy):
            ids = [step.id for step in steps]
            if len(ids) != len(set(ids)):
                raise ValueError(f"two steps have one id: {sorted(i for i in ids if ids.count(i) > 1)}")

    def as_json(self) -> dict[str, Any]:
        """The document plan.json; of what concerns the database alone, only what there is."""
        database: dict[str, Any] = {"tidy": [step.as_json() for step in self.tidy]} if self.tidy else {}
        database |= {"swap": self.swap.as_json()} if self.swap else {}
        return database | {
            "schema": SCHEMA,
            "task": self.task,
            "environment": self.environment,
            "host": self.host,
            "project": self.project,
            "project_dir": self.project_dir,
            "left": self.left.as_json(),
            "target": self.target.as_json(),
            "forward": [step.as_json() for step in self.forward],
            "back": [step.as_json() for step in self.back],
            "expect": self.expect,
            "expect_files": list(self.expect_files),
            "probe_url": self.probe_url,
            "changes": list(self.changes),
            "warnings": list(self.warnings),
            "checklist": [vars(item) for item in self.checklist],
            "schema_check": self.schema_check.as_json() if self.schema_check else None,
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan that `as_json` wrote; raises KeyError or ValueError if it is not one."""
        return cls(
            task=value["task"],
            environment=value["environment"],
            host=value["host"],
            project=value["project"],
            project_dir=value["project_dir"],
            left=StackState.from_json(value["left"]),
            target=StackState.from_json(value["target"]),
            forward=tuple(Step.from_json(one) for one in value["forward"]),
            back=tuple(Step.from_json(one) for one in value["back"]),
            expect=value["expect"],
            expect_files=tuple(value["expect_files"]),
            probe_url=value["probe_url"],
            changes=tuple(value["changes"]),
            warnings=tuple(value["warnings"]),
            checklist=tuple(
                ChecklistItem(**{**one, "steps": tuple(one["steps"])})  # an older plan does not say what was found
                for one in value["checklist"]
            ),
            schema_check=SchemaCheck.from_json(check) if (check := value.get("schema_check")) else None,
            notes=value["notes"],
            tidy=tuple(Step.from_json(one) for one in value.get("tidy", ())),
            swap=Swap.from_json(value["swap"]) if "swap" in value else None,
        )

    @property
    def digest(self) -> str:
        """The plan's id: sha256 of its document. The same facts and request give the same id."""
        return sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()
