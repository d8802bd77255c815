"""What a release broke: the migrations that it brought, and the errors in the logs since it runs.

Never says that nothing is broken: only that nothing was seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.checks import Measurement
from hummii_ops.checks.logs import excerpts, logs
from hummii_ops.facts.database.read_migrations import Schema
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.transport import Transport, printable

# What a broken schema makes is an error, seldom a critical one: PostgreSQL's own lines, and those of structured logs.
ERRORS = (r"\bERROR: ", r'"level": ?"(?:error|ERROR|fatal|FATAL)"')


def errors_since(transport: Transport, environment: Environment, snapshot: Snapshot) -> tuple[Measurement, ...]:
    """The logs since the running release was made, judged as `fab verify` judges them, and by errors of any kind."""
    patterns = (*environment.logs.critical, *ERRORS)
    asked = excerpts.questions(snapshot, version_service=environment.version_service)
    return logs.judge(snapshot, asked, excerpts.read(transport, asked, patterns), patterns)


def error_lines(measurements: tuple[Measurement, ...]) -> Iterator[str]:
    """What the logs say, service by service; those that say nothing are not named."""
    for one in measurements:
        if one.verdict in ("fail", "error"):
            yield printable(f"{one.name}: {one.reason}")


def migration_lines(check: SchemaCheck, other: str) -> Iterator[str]:
    """The migrations that are applied and that `other` does not know, each with what it does."""
    if check.why:
        yield f"migrations: {check.why}"
    for name in check.extra:
        what = f"it does more than add: {check.breaks[name]}" if name in check.breaks else "it only adds"
        yield printable(f"migration {name} is applied, and is not in {other}: {what}")
    for name in check.failed:
        yield printable(f"migration {name} began and never finished: what it left may be half done")


def would_come_again(schema: Schema, image: str | None, check: SchemaCheck) -> bool:
    """Would this image, started on a database from before those migrations, apply them again?"""
    shipped = schema.shipped.get(image or "")
    return shipped is not None and bool(shipped.sha256.keys() & {*check.extra, *check.failed})
