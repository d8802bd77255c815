"""The server's door knows a backup by the same bytes as a laptop does: backup_file.sh beside magic.py."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from test_facts_magic import PLAIN, archive, tar

from hummii_ops.facts.database.archive_header import archive_header
from hummii_ops.facts.database.magic import recognise

FILE = Path(__file__).parents[3] / "hummii_ops/host/door/backup_file.sh"
HEADS = {
    "custom": archive(),
    "custom-uncompressed": archive(compression=0),
    "custom-default-level": archive(compression=-1),
    "custom-of-16": archive(15, compression=2),
    "custom-of-17-uncompressed": archive(16, compression=0),
    "custom-without-entries": archive(entries=0),
    "custom-cut": archive()[:60],
    "custom-cut-at-once": archive()[:8],
    "toc-alone": archive(form=3),
    "tar": tar(b"toc.dat", archive(form=3)),
    "another-tar": tar(b"etc/passwd", archive(form=3)),
    "plain": PLAIN,
    "restricted": b"\\restrict a\n" + PLAIN,
    "cluster": b"--\n-- PostgreSQL database cluster dump\n--\n",
    "mysql": b"-- MySQL dump 10.13\n",
    "page": b"<!DOCTYPE html><html>",
    "empty": b"",
    "another-database": archive(database="we'ird (\\) ü"),
}


def asked(shell: str, words: str, head: Path) -> subprocess.CompletedProcess[bytes]:
    text = f"backup={head}\n{FILE.read_text()}\n{words} {head}\n"
    return subprocess.run([shell, "-s"], input=text.encode(), capture_output=True, timeout=20, check=False)


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("name", HEADS)
def test_the_door_knows_what_a_laptop_knows(name: str, shell: str, tmp_path: Path) -> None:
    """The kind, whether its data proves itself, and whose it is; a damaged header is none."""
    head = tmp_path / name
    head.write_bytes(HEADS[name])
    kind = asked(shell, "LC_ALL=C kind_of", head).stdout.decode().strip()
    assert kind == (recognise(HEADS[name]).kind or "")
    if kind in ("custom", "tar"):
        wanted = archive_header(HEADS[name])
        said = asked(shell, f"export LC_ALL=C; header_of {kind}", head)
        assert (said.returncode == 0) == (wanted is not None)
        if wanted:
            lines = [*(["compressed"] if wanted.compressed else []), f"database {wanted.database}"]
            assert said.stdout.decode().splitlines() == lines


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_file_of_the_run_is_json(shell: str, tmp_path: Path) -> None:
    """The user's own SQL stands in the plan, with its tabs, quotes and backslashes; a laptop reads it."""
    text = "SELECT 'a\"b\\\\';\r\n\tSELECT 2; -- ü\n"
    (tmp_path / "check.sql").write_text(text, newline="")
    script = "".join((FILE.parent / name).read_text() for name in ("render.sh", "plan.sh"))
    words = f"{script}\nprintf '\"'; json_text {tmp_path}/check.sql; printf '\"'\n"
    done = subprocess.run([shell, "-s"], input=words, capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout) == text
