"""What the server's door makes of migrations: schema.sh under dash and bash, against what Python makes of them."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from test_facts_migrations import MORE_THAN_ADDS, ONLY_ADDS

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.migrations import breaking
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema, parse_migrations
from hummii_ops.plans import schema_check

DOOR = Path(__file__).parents[3] / "hummii_ops/host/door"
SCRIPT = "".join(
    (DOOR / name).read_text(encoding="utf-8")
    for name in ("look.sh", "schema.sh", "breaking.sh", "render.sh", "plan.sh")
)
SHELLS = pytest.mark.parametrize("shell", ["dash", "bash"])


def said(shell: str, script: str, text: str = "") -> str:
    done = subprocess.run(
        [shell, "-c", SCRIPT + script], input=text, capture_output=True, text=True, check=False, timeout=20
    )
    assert done.stderr == ""
    return done.stdout


@SHELLS
@pytest.mark.parametrize("sql", [*ONLY_ADDS, *MORE_THAN_ADDS])
def test_the_door_finds_the_same_statement(shell: str, sql: str) -> None:
    """One judgement of a migration, by two programs."""
    assert said(shell, "breaking", sql).rstrip("\n") == (breaking(sql) or "")


TARGET, RUNNING, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64, "sha256:" + "3" * 64
INIT, NOTE = ("1_init", "CREATE TABLE a ();"), ("2_note", "ALTER TABLE a ADD COLUMN n TEXT;")
DROP = ("3_drop", 'ALTER TABLE "a" DROP COLUMN "ü";')
CASES: dict[str, tuple[tuple[tuple[str, str], ...] | None, tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    # what the target ships, what runs ships, rows: NAME, NAME! never finished, NAME~ rolled back, NAME* another text
    "equal": ((INIT,), (INIT,), ("1_init",)),
    "only adds": ((INIT,), (INIT, NOTE), ("1_init", "2_note")),
    "drops": ((INIT,), (INIT, NOTE, DROP), ("1_init", "2_note", "3_drop")),
    "lost": ((INIT,), (INIT,), ("1_init", "9_lost")),
    "left by an older rollback": ((INIT,), (INIT,), ("1_init", "2_note")),
    "left by an older rollback, drops": ((INIT,), (INIT,), ("1_init", "3_drop")),
    "left by an older rollback, edited since": ((INIT,), (INIT,), ("1_init", "2_note*")),
    "failed": ((INIT,), (INIT,), ("1_init", "2_note!")),
    "tried twice": ((INIT,), (INIT,), ("1_init!", "1_init", "3_drop~")),
    "behind": ((INIT, NOTE), (INIT,), ("1_init",)),
    "diverged": ((INIT, NOTE), (INIT, DROP), ("1_init", "3_drop")),
    "edited": ((INIT,), (INIT,), ("1_init*",)),
    "edited and ahead": ((INIT,), (INIT, DROP), ("1_init*", "3_drop")),
    "no folder": (None, (INIT,), ("1_init",)),
    "nothing yet": ((), (), ()),
    "many": ((), (), tuple(f"{n}_x" for n in range(6))),
}


def migration(word: str) -> Migration:
    name = word.rstrip("!~*")
    text = dict((INIT, NOTE, DROP)).get(name, name)
    digest = "0" * 64 if "*" in word else sha256(text.encode()).hexdigest()
    return Migration(name=name, finished="!" not in word, rolled_back="~" in word, sha256=digest)


def image(scripts: tuple[tuple[str, str], ...] | None) -> ImageMigrations | None:
    if scripts is None:
        return None
    return ImageMigrations(
        texts=dict(scripts), sha256={name: sha256(text.encode()).hexdigest() for name, text in scripts}
    )


def door(shell: str, work: Path, rows: str, *, words: str, despite: bool) -> list[str]:
    """The words and the document of schema.sh, on a host whose images and database are files in `work`."""
    (work / "target").write_text(f"api\thummii-api:1.0\t{TARGET}\n")
    (work / "containers").write_text(f"api\t1\tid\t{RUNNING}\n")
    (work / "rows").write_text(rows)
    script = f"""
        work={work} environment=lab project=p version_service=api despite={"yes" if despite else "''"}
        database_service=db database_name=d database_user=u migrations_dir=migrations
        recorded() {{ cat "$work/rows"; [ -z '{words}' ]; }}
        folders() {{ shift; for one; do echo "$one $work/of-${{one#sha256:}}"; done; }}
        shipped() {{ [ ! -d "$2" ] || tar -cf - -C "${{2%/*}}" "${{2##*/}}"; }}
        others() {{ echo {OTHER}; }}
        schema_now
        schema_words
        schema_json"""
    return said(shell, script).split("\n", 1)


@SHELLS
@pytest.mark.parametrize("despite", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_door_comes_to_the_same_verdict_in_the_same_words(
    tmp_path: Path, shell: str, case: str, despite: bool
) -> None:
    """What a laptop says of the database, the server says too, to the letter; and so does the plan that it keeps."""
    target, running, rows = CASES[case]
    shipped = {TARGET: target, RUNNING: running, OTHER: (INIT, NOTE, DROP)}
    for name, scripts in shipped.items():
        for migration_name, text in scripts or ():
            folder = tmp_path / f"of-{name.removeprefix('sha256:')}" / migration_name
            folder.mkdir(parents=True)
            (folder / "migration.sql").write_text(text)
        if scripts is not None:
            (tmp_path / f"of-{name.removeprefix('sha256:')}").mkdir(exist_ok=True)
    recorded = tuple(migration(word) for word in rows)
    found = Schema(recorded=recorded, shipped={name: image(scripts) for name, scripts in shipped.items()})
    wanted = schema_check.judge(found, TARGET, despite=despite)
    lines = (
        "\x1f".join((one.name, "t" if one.finished else "f", "t" if one.rolled_back else "f", one.sha256))
        for one in recorded
    )

    words, document = door(shell, tmp_path, "\x1e".join(lines) + "\n", words="", despite=despite)

    assert words.replace("??", "ü") == schema_check.words(wanted)
    assert json.loads(document.replace("??", "ü")) == wanted.as_json()


@SHELLS
@pytest.mark.parametrize(
    "answer",
    [
        "PostgreSQL's container does not run\n",
        'ERROR:  relation "_prisma_migrations" does not exist\nLINE 2: FROM "_prisma_migrations"\n   ^\n',
        "WARNING: old\npsql: error: FATAL:  no such role\n",
        "",
    ],
)
def test_the_door_says_the_same_of_a_database_that_does_not_answer(tmp_path: Path, shell: str, answer: str) -> None:
    """Unknown, with the same reason."""
    frame = f"\n@hummii recorded 1 {b64encode(answer.encode()).decode()}\n@hummii end 0 \n"
    wanted = schema_check.judge(parse_migrations(frame.encode(), host_name="h", image_ids=()), TARGET)
    words, document = door(shell, tmp_path, answer, words="no", despite=False)
    assert words == schema_check.words(wanted)
    assert json.loads(document) == wanted.as_json()
