"""Which module holds which task: a call loads only what it names, so that the plan is on the screen sooner."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from invoke.collection import Collection

# In the order of `fab --list`'s source; a module's tasks stand in its ALL, those behind a dot in its `namespace`.
MODULES = {
    "hummii_ops.tasks.rollback": ("rollback",),
    "hummii_ops.tasks.status": ("status",),
    "hummii_ops.tasks.verify": ("verify",),
    "hummii_ops.tasks.diagnose": ("diagnose",),
    "hummii_ops.tasks.monitor": ("monitor",),
    "hummii_ops.tasks.releases": ("releases", "backups"),
    "hummii_ops.tasks.takeup": ("attach", "resume", "cancel"),
    "hummii_ops.tasks.undo": ("undo",),
    "hummii_ops.tasks.runs": ("runs", "evidence", "unlock"),
    "hummii_ops.tasks.reporting": ("report", "note"),
    "hummii_ops.tasks.followups": ("followups",),
    "hummii_ops.tasks.notes": ("snapshot", "adopt", "mark", "hold", "unhold"),
    "hummii_ops.tasks.database": ("backup-db", "backups-db"),
    "hummii_ops.tasks.check_backup": ("check-backup",),
    "hummii_ops.tasks.rollback_db": ("rollback-db",),
    "hummii_ops.tasks.code_pages": ("deployment-failure", "critical-bug", "performance-degradation"),
    "hummii_ops.tasks.scenarios": ("database-only",),
    "hummii_ops.tasks.clean": ("clean",),
    "hummii_ops.tasks.ready": ("ready",),
    "hummii_ops.tasks.watch": ("watch",),
    "hummii_ops.tasks.postdeploy": ("postdeploy",),
    "hummii_ops.tasks.init": ("init",),
    "hummii_ops.tasks.door": ("install-host",),
    "hummii_ops.tasks.notify": ("announce", "notify.check", "notify.preview", "notify.flush"),
    "hummii_ops.tasks.ci": ("ci.rollback",),
    "hummii_ops.tasks.predeploy": ("predeploy",),
    "hummii_ops.tasks.staging_evidence": ("staging-evidence",),
    "hummii_ops.tasks.config": ("config.check", "config.show", "config.schema"),
    "hummii_ops.tasks.flows": ("flows.run", "flows.check", "flows.clean"),
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
