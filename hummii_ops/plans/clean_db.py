"""The plan that drops databases which a run made or set aside: those named by OID, and no others. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hummii_ops.facts.database.read_database import OurDatabase
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.plans import before
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.plans.prepare_db import served_of
from hummii_ops.steps import side

_NOTHING = StackState(label="", identity=None, files={}, modes={}, services=())


def build(
    task: str, snapshot: Snapshot, environment: Environment, database: Database, dropped: Sequence[OurDatabase]
) -> Plan:
    """The plan for one host."""
    served, expect = served_of(environment, database), snapshot.expectation_text()
    return Plan(
        task=task,
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=environment.project_dir,
        left=replace(_NOTHING, label=before.version_of(snapshot, environment.version_service) or ""),
        target=_NOTHING,
        forward=tuple(side.kept_gone(served, one.oid, one.name, one.comment) for one in dropped),
        back=(),
        expect=expect,
        expect_files=before.expected_files(expect),
        changes=tuple(f"{one.name}: dropped for good, with what is in it" for one in dropped),
    )
