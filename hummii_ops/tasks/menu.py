"""Which module holds which task: a call loads only what it names, so that the plan is on the screen sooner."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from invoke.collection import Collection

# In the order of `fab --list`'s source; a module's tasks stand in its ALL, those behind a dot in its `namespace`.
MODULES = {
    "hummii_ops.tasks.code.rollback": ("rollback",),
    "hummii_ops.tasks.health.status": ("status",),
    "hummii_ops.tasks.health.verify": ("verify",),
    "hummii_ops.tasks.health.diagnose": ("diagnose",),
    "hummii_ops.tasks.health.monitor": ("monitor",),
    "hummii_ops.tasks.code.releases": ("releases", "backups"),
    "hummii_ops.tasks.runs.takeup": ("attach", "resume", "cancel"),
    "hummii_ops.tasks.runs.undo": ("undo",),
    "hummii_ops.tasks.runs.runs": ("runs", "evidence", "unlock"),
    "hummii_ops.tasks.record.reporting": ("report", "note"),
    "hummii_ops.tasks.record.followups": ("followups",),
    "hummii_ops.tasks.record.notes": ("snapshot", "adopt", "mark", "hold", "unhold"),
    "hummii_ops.tasks.database.backups": ("backup-db", "backups-db"),
    "hummii_ops.tasks.database.check_backup": ("check-backup",),
    "hummii_ops.tasks.database.rollback_db": ("rollback-db",),
    "hummii_ops.tasks.procedure.code_pages": ("deployment-failure", "critical-bug", "performance-degradation"),
    "hummii_ops.tasks.procedure.scenarios": ("database-only",),
    "hummii_ops.tasks.database.clean": ("clean",),
    "hummii_ops.tasks.deploys.ready": ("ready",),
    "hummii_ops.tasks.deploys.watch": ("watch",),
    "hummii_ops.tasks.deploys.postdeploy": ("postdeploy",),
    "hummii_ops.tasks.setup.init": ("init",),
    "hummii_ops.tasks.setup.door": ("install-host",),
    "hummii_ops.tasks.record.notify": ("announce", "notify.check", "notify.preview", "notify.flush"),
    "hummii_ops.tasks.deploys.ci": ("ci.rollback",),
    "hummii_ops.tasks.deploys.predeploy": ("predeploy",),
    "hummii_ops.tasks.deploys.staging_evidence": ("staging-evidence",),
    "hummii_ops.tasks.setup.config": ("config.check", "config.show", "config.schema"),
    "hummii_ops.tasks.health.flows": ("flows.run", "flows.check", "flows.clean"),
    "lab.tasks": ("lab.up", "lab.down", "lab.status", "lab.reset", "lab.deploy", "lab.releases"),
}


def collect(words: Iterable[str]) -> Collection:
    """The tasks of the modules that the words of a call name; every task if they name none (a list, a mistake)."""
    collection = Collection()
    for module in map(import_module, _named(set(words))):
        for task in getattr(module, "ALL", ()):
            collection.add_task(task)
        if hasattr(module, "namespace"):
            collection.add_collection(module.namespace)
    return collection


def names() -> list[str]:
    """What every task is called."""
    return [name for held in MODULES.values() for name in held]


def _named(words: set[str]) -> list[str]:
    if "--complete" in words:
        return list(MODULES)
    return [module for module, held in MODULES.items() if not words.isdisjoint(held)] or list(MODULES)
