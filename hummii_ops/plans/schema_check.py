"""May the target's code serve the schema that the database has now? A plan's verdict, in the operator's words. Pure.

Never a veto by itself: what is `unsafe` is refused by the task, unless the operator has said --despite-schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.migrations import Reconciliation, Safety, Verdict, breaking, reconcile
from hummii_ops.facts.database.read_migrations import Schema
from hummii_ops.transport.text import printable

_MOST = 100  # characters of a statement: the reader needs to know its kind, and can read the file


@dataclass(frozen=True, kw_only=True)
class SchemaCheck:
    """A Reconciliation for the plan. `breaks`: what an extra migration does that is more than adding, by its name.

    `why`: what is not known, where nothing could be compared. `despite`: the operator goes on although it is unsafe.
    """

    verdict: Verdict = "unknown"
    code_only: Safety = "unknown"
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    breaks: Mapping[str, str] = field(default_factory=dict)
    why: str = "not looked at"
    despite: bool = False

    def as_json(self) -> dict[str, Any]:
        """For plan.json."""
        return asdict(self) | {name: list(getattr(self, name)) for name in ("missing", "extra", "failed", "edited")}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SchemaCheck:
        """What `as_json` wrote."""
        lists = {name: tuple(value[name]) for name in ("missing", "extra", "failed", "edited")}
        return cls(**(dict(value) | lists))

    @property
    def refuses(self) -> bool:
        """Must the rollback not begin?"""
        return self.code_only == "unsafe" and not self.despite


def judge(schema: Schema, target_image: str | None, *, despite: bool = False) -> SchemaCheck:
    """The verdict on bringing back the code alone; `target_image` is the one that knows the migrations."""
    shipped = schema.shipped.get(target_image or "")
    if schema.recorded is None:
        return SchemaCheck(why=schema.why)
    if shipped is None:
        return SchemaCheck(why="the release's image has no folder of migrations that can be read")
    texts = schema.texts()
    found = reconcile(shipped.sha256, schema.recorded, texts)
    return SchemaCheck(
        verdict=found.verdict,
        code_only=found.code_only,
        missing=found.missing,
        extra=found.extra,
        failed=found.failed,
        edited=found.edited,
        breaks=_breaks(found, texts),
        why="",
        despite=despite and found.code_only == "unsafe",
    )


def of_backup(
    schema: Schema, migrations: tuple[str, ...], failed: tuple[str, ...], image: str | None, *, despite: bool = False
) -> SchemaCheck:
    """The verdict on serving a backup with that image: `migrations` are applied in it, `failed` began and never ended.

    A backup does not tell their texts: they are taken to be those of the images at hand, that image's first.
    """
    known: dict[str, str] = {}
    for shipped in (*schema.shipped.values(), schema.shipped.get(image or "")):
        known |= shipped.sha256 if shipped else {}
    rows = [Migration(name=one, finished=True, rolled_back=False, sha256=known.get(one, "")) for one in migrations]
    rows += [Migration(name=one, finished=False, rolled_back=False, sha256="") for one in failed]
    found = judge(replace(schema, recorded=tuple(rows)), image)
    # what starts on it would apply again what may just have broken production
    unsafe = found.code_only == "unsafe" or bool(found.missing)
    return replace(found, code_only="unsafe" if unsafe else found.code_only, despite=despite and unsafe)


def _breaks(found: Reconciliation, texts: Mapping[str, str]) -> dict[str, str]:
    said = {}
    for name in found.extra:
        what = breaking(texts[name]) if name in texts else "no image here has its text"
        if what is not None:
            said[name] = printable(what)[:_MOST]
    return said


def words(check: SchemaCheck) -> str:
    """The verdict in one line, as the plan says it."""
    despite = " (goes on: --despite-schema)" if check.despite else ""
    return f"database: {check.code_only}: {reasons(check)}{despite}"


def reasons(check: SchemaCheck) -> str:
    """What speaks for the verdict: the migrations, and what they do."""
    return printable("; ".join(_reasons(check)))


def _reasons(check: SchemaCheck) -> Iterator[str]:
    if check.why:
        yield f"{check.why}; a newer migration may not suit the older code"
    if check.failed:
        yield f"{_listed(check.failed)} began and never finished: what it left may be half done"
    for name in check.extra:
        if what := check.breaks.get(name):
            yield f"{name} is applied, the release does not know it, and it does more than add ({what})"
    only_add = [name for name in check.extra if name not in check.breaks]
    if only_add:
        yield f"{_listed(only_add)}: newer than the release, and only adds"
    if check.missing and check.extra:
        yield f"the release has {_listed(check.missing)}, which the database has not: two lines of migrations"
    elif check.missing:
        yield f"the release will apply {_listed(check.missing)} when it starts"
    if check.edited:
        yield f"{_listed(check.edited)}: not the text that was applied"
    if check.verdict == "equal" and not check.edited:
        yield "the release knows every migration that is applied"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    """A few names; of many the newest, and how many more."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[-3:])} and {len(names) - 3} more"
