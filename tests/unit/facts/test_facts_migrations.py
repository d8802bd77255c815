"""An image's migrations against a database's: may this code serve this schema?"""

from __future__ import annotations

from pathlib import Path

import pytest

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.migrations import is_expand_only, reconcile

LAB = Path(__file__).resolve().parents[3] / "lab" / "images" / "api"
TEXTS = {"3_note": 'ALTER TABLE "orders" ADD COLUMN "note" TEXT', "4_lines": 'ALTER TABLE "orders" DROP COLUMN "q"'}


def row(name: str, *, finished: bool = True, rolled_back: bool = False, sha256: str = "a") -> Migration:
    return Migration(name=name, finished=finished, rolled_back=rolled_back, sha256=sha256)


@pytest.mark.parametrize(
    ("shipped", "recorded", "verdict", "code_only"),
    [
        (["1", "2"], [row("1"), row("2")], "equal", "safe"),
        (["1", "2"], [row("1")], "behind", "unknown"),
        (["1"], [row("1"), row("3_note")], "ahead, expand-only", "safe"),
        (["1"], [row("1"), row("4_lines")], "ahead, destructive", "unsafe"),
        (["1"], [row("1"), row("3_note"), row("4_lines")], "ahead, destructive", "unsafe"),
        (["1"], [row("1"), row("9_nobody_has_it")], "ahead, destructive", "unsafe"),
        (["1", "2"], [row("1"), row("3_note")], "diverged", "unsafe"),
        (["1"], [row("1"), row("3_note", finished=False)], "failed", "unsafe"),
        (["1"], [row("1"), row("1", finished=False)], "equal", "safe"),
        (["1"], [row("1"), row("4_lines", rolled_back=True)], "equal", "safe"),
        (["1"], [row("1"), row("4_lines", finished=False, rolled_back=True)], "equal", "safe"),
        (["1"], [row("1", sha256="b")], "equal", "unknown"),
        ([], [], "equal", "safe"),
    ],
)
def test_what_a_code_only_rollback_would_meet(
    shipped: list[str], recorded: list[Migration], verdict: str, code_only: str
) -> None:
    """Failed before diverged before ahead or behind; the best of several rows with one name counts."""
    found = reconcile(dict.fromkeys(shipped, "a"), recorded, TEXTS)
    assert (found.verdict, found.code_only) == (verdict, code_only)


def test_an_image_without_migrations_says_nothing() -> None:
    """Unknown is neither safe nor unsafe."""
    found = reconcile(None, [row("1")], TEXTS)
    assert (found.verdict, found.code_only) == ("unknown", "unknown")


ONLY_ADDS = [
    'ALTER TABLE "orders" ADD COLUMN "note" TEXT;',
    "ALTER TABLE orders ADD COLUMN n NUMERIC(10,2) NOT NULL DEFAULT 0, ADD COLUMN m TEXT",
    'CREATE TABLE "new" ("id" SERIAL NOT NULL, CONSTRAINT "p" PRIMARY KEY ("id"));\n'
    'CREATE UNIQUE INDEX "u" ON "new"("id");\n'
    'ALTER TABLE "new" ADD CONSTRAINT "f" FOREIGN KEY ("id") REFERENCES "users"("id") ON DELETE RESTRICT;',
    'CREATE INDEX "i" ON "orders"("user_id");',
    "CREATE TYPE mood AS ENUM ('sad', 'DROP TABLE x; --');",
    "-- DROP TABLE orders;\n/* DROP TABLE users; */",
    "-- don't\nALTER TABLE a ADD COLUMN b TEXT DEFAULT 'it''s; DROP TABLE a';\n-- can't\n",
    "",
]


@pytest.mark.parametrize("sql", ONLY_ADDS)
def test_what_only_adds(sql: str) -> None:
    """Older code neither sees it nor has to fill it."""
    assert is_expand_only(sql)


MORE_THAN_ADDS = [
    'ALTER TABLE "orders" DROP COLUMN "quantity";',
    'ALTER TABLE "orders" ADD COLUMN "note" TEXT, DROP COLUMN "quantity";',
    'ALTER TABLE "orders" ADD COLUMN "note" TEXT NOT NULL;',
    'ALTER TABLE "orders" ADD COLUMN "note" TEXT UNIQUE;',
    'ALTER TABLE "orders" RENAME COLUMN "quantity" TO "amount";',
    'ALTER TABLE "orders" ALTER COLUMN "quantity" SET NOT NULL;',
    'ALTER TABLE "orders" ADD CONSTRAINT "c" CHECK (quantity > 1);',
    'CREATE UNIQUE INDEX "u" ON "orders"("item");',
    "DROP TABLE orders;",
    "UPDATE orders SET quantity = 0;",
    "DO $$ BEGIN EXECUTE 'DROP TABLE x'; END $$;",
    "SELECT 'a -- b'; DROP TABLE orders;",
    "CREATE TABLE a (b int); TRUNCATE orders;",
    "GRANT SELECT ON orders TO reader;",
    "-- don't\nALTER TABLE a DROP COLUMN b;\n-- can't\n",
    "CREATE TABLE IF NOT EXISTS orders (id int);\nALTER TABLE orders\n  DROP COLUMN b;",
    "CREATE TYPE a AS ENUM (E'a\\'; DROP TABLE b; --');",
    "/* a /* b */ DROP TABLE c; */",
    "ALTER TABLE a ADD COLUMN b TEXT DEFAULT 'no end",
    'ALTER TABLE "it\'s" DROP COLUMN b; COMMENT ON TABLE "it\'s" IS NULL',
]


@pytest.mark.parametrize("sql", MORE_THAN_ADDS)
def test_what_may_break_older_code(sql: str) -> None:
    """What takes away, renames, tightens, changes rows, or is not understood."""
    assert not is_expand_only(sql)


@pytest.mark.parametrize(("name", "expected"), [("order_note", True), ("order_lines", False)])
def test_the_labs_own_migrations(name: str, expected: bool) -> None:
    """1.2's column is not seen by 1.0; 1.4 takes one away that 1.0 needs."""
    found = {
        path.read_text(encoding="utf-8") for path in LAB.glob(f"versions/*/prisma/migrations/*{name}/migration.sql")
    }
    assert {is_expand_only(text) for text in found} == {expected}


def test_1_4_carries_1_2s_migration_as_it_is() -> None:
    """A migration that was shipped is never edited: both releases have the same bytes."""
    found = [path.read_bytes() for path in LAB.glob("versions/*/prisma/migrations/*order_note/migration.sql")]
    assert len(found) == 2
    assert len(set(found)) == 1
