"""The migrations of an image against those of a database: may this code serve this schema? Pure.

Source of the states: Prisma's `_prisma_migrations` (finished and not rolled back is applied; neither is failed). Prisma
itself never compares: it calls a database that is ahead of its code "up to date".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hummii_ops.facts.database.backup import Migration

Verdict = Literal["equal", "behind", "ahead, expand-only", "ahead, destructive", "diverged", "failed", "unknown"]
Safety = Literal["safe", "unsafe", "unknown"]

_SAFETY: dict[Verdict, Safety] = {
    "equal": "safe",
    "ahead, expand-only": "safe",
    "ahead, destructive": "unsafe",
    "diverged": "unsafe",
    "failed": "unsafe",
    "behind": "unknown",  # the image will change the schema when it starts
    "unknown": "unknown",
}
_NAME = r'(?:"(?:[^"]|"")+"|\w+)(?:\.(?:"(?:[^"]|"")+"|\w+))?'
_CREATE_TABLE = re.compile(rf"CREATE TABLE (IF NOT EXISTS )?({_NAME})\s*\(", re.IGNORECASE)
_CREATE_INDEX = re.compile(rf"CREATE (UNIQUE )?INDEX .*?\bON (?:ONLY )?({_NAME})", re.IGNORECASE)
_ALTER_TABLE = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?({_NAME})\s+(.*)", re.IGNORECASE)
_HARMLESS = re.compile(r"(CREATE TYPE|CREATE SEQUENCE|COMMENT ON) ", re.IGNORECASE)
# From left to right, each where it begins: a quote in a comment is none, and neither is a comment in a quote.
_LEXED = re.compile(r"""("(?:[^"]|"")*")|('(?:[^']|'')*')|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_ESCAPES = re.compile(r"\bE''", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """`missing`: the image has them, the database not; `extra`: the other way round. `edited`: their texts differ."""

    verdict: Verdict
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()

    @property
    def code_only(self) -> Safety:
        """Bringing back the code alone: does it work with this schema?"""
        return "unknown" if self.edited and _SAFETY[self.verdict] == "safe" else _SAFETY[self.verdict]


def reconcile(
    shipped: Mapping[str, str] | None, recorded: Iterable[Migration], texts: Mapping[str, str]
) -> Reconciliation:
    """`shipped`: sha256 by name of the image's migrations, None if it has no such folder.

    `recorded`: the rows of the database; of several with one name the best counts. `texts`: SQL by name of those that
    some image at hand has; an extra one without its text counts as destructive.
    """
    if shipped is None:
        return Reconciliation(verdict="unknown")
    rows = tuple(recorded)
    applied = {one.name: one.sha256 for one in rows if one.finished and not one.rolled_back}
    open_ = {one.name for one in rows if not one.finished and not one.rolled_back}
    missing, extra = tuple(sorted(shipped.keys() - applied)), tuple(sorted(applied.keys() - shipped))
    failed = tuple(sorted(open_ - applied.keys()))
    edited = tuple(sorted(name for name in applied.keys() & shipped if applied[name] != shipped[name]))
    return Reconciliation(
        verdict=_verdict(missing, extra, failed, texts), missing=missing, extra=extra, failed=failed, edited=edited
    )


def _verdict(
    missing: tuple[str, ...], extra: tuple[str, ...], failed: tuple[str, ...], texts: Mapping[str, str]
) -> Verdict:
    if failed:
        return "failed"
    if missing and extra:
        return "diverged"
    if missing:
        return "behind"
    if not extra:
        return "equal"
    only = all(name in texts and is_expand_only(texts[name]) for name in extra)
    return "ahead, expand-only" if only else "ahead, destructive"


def is_expand_only(sql: str) -> bool:
    """Does a migration only add what older code neither sees nor has to fill? What is not understood is not.

    New tables with all that belongs to them, plain indexes, columns that may be null or have a default.
    """
    return breaking(sql) is None


def breaking(sql: str) -> str | None:
    """The first statement that does more than add, without what is quoted in it; None if there is none."""
    text = _LEXED.sub(lambda found: found[1] or ("''" if found[2] else " "), sql)
    if "$$" in text or _ESCAPES.search(text) or "'" in text.replace("''", ""):
        return "a quoted text that is not understood"
    new: set[str] = set()
    for statement in (" ".join(part.split()) for part in text.split(";")):
        if created := _CREATE_TABLE.match(statement):
            if not created[1]:  # else it may have been there before
                new.add(created[2])
        elif statement and not _adds(statement, new):
            return statement
    return None


def _adds(statement: str, new: set[str]) -> bool:
    if _HARMLESS.match(statement):
        return True
    if index := _CREATE_INDEX.match(statement):
        return not index[1] or index[2] in new
    altered = _ALTER_TABLE.match(statement)
    if altered is None:
        return False
    return altered[1] in new or all(_adds_column(action) for action in _actions(altered[2]))


def _actions(text: str) -> list[str]:
    """The comma-separated actions of an ALTER TABLE; commas in brackets belong to a type or a default."""
    actions, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            actions.append("")
        else:
            actions[-1] += char
    return [action.strip() for action in actions]


def _adds_column(action: str) -> bool:
    words = action.upper()
    if not words.startswith("ADD COLUMN "):
        return False
    must_be_filled = "NOT NULL" in words and " DEFAULT " not in words
    limited = re.search(r"\b(UNIQUE|PRIMARY KEY|REFERENCES|CHECK)\b", words)
    return not must_be_filled and limited is None
