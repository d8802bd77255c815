"""The procedure's own checklist, tied to the steps that do each line, or to the reason why it is skipped."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.plans.plan import ChecklistItem
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.steps import Step

# In the order and the words of the procedure; each line is done by the steps whose ids begin so.
_LINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Verify that the backup exists and can work", ("keep-target", "pull-")),
    ("Back up the current state", ("keep-before",)),
    ("Save evidence", ("evidence-",)),
    ("Stop affected services", ("stop-writers", "replace-", "stop-extra")),
    ("Restore the configuration", ("restore-",)),
    ("Restore the images", ("restore-images",)),
    ("Restart services", ("replace-", "the-rest", "the-ill", "restart-")),
    ("The proxy follows", ("proxy-follows",)),
    ("Verify health inside", ("services-healthy", "answers-inside", "settled", "proven")),
    ("Verify health outside", ("confirmed-outside",)),
    ("Mark and hold", ("mark-left-bad", "hold-deploys")),
)


def _fits(step: Step, words: str) -> bool:
    """Restored images are a line of their own, and not configuration."""
    return (step.id == "restore-images") == (words == "Restore the images")


def _database(check: SchemaCheck) -> ChecklistItem:
    words = "Ask the database"
    if check.why:
        return ChecklistItem(words=words, skipped=f"unknown: {check.why}")
    return ChecklistItem(words=words, steps=("plan",), found=check.code_only)


def _notified(channels: Sequence[str]) -> ChecklistItem:
    words = "Notify stakeholders"
    if not channels:
        return ChecklistItem(words=words, skipped="no channel configured")
    return ChecklistItem(words=words, steps=("telling",), found=", ".join(channels))


def checklist(
    forward: Sequence[Step], check: SchemaCheck, channels: Sequence[str] = (), *, migration: str = ""
) -> tuple[ChecklistItem, ...]:
    """Every line, with what does it. Identifying the version and preparing the plan are done by having a plan.

    `channels`: the names of those through which people are told. `migration`: of a rollback of the database, why no
    migration of it is rolled back.
    """
    items = [
        ChecklistItem(words="Identify the version", steps=("plan",)),
        _database(check),
        ChecklistItem(words="Prepare the plan, kept in the run", steps=("plan",)),
        _notified(channels),
    ]
    if migration:
        items.append(ChecklistItem(words="Roll back the migration (prisma:migrate:rollback)", skipped=migration))
    for words, prefixes in _LINES:
        ids = tuple(step.id for step in forward if step.id.startswith(prefixes) and _fits(step, words))
        items.append(
            ChecklistItem(words=words, steps=ids)
            if ids
            else ChecklistItem(words=words, skipped="nothing of it applies to this stack")
        )
    items.append(ChecklistItem(words="Report", steps=("report",)))
    return tuple(items)
