"""A project that is read on this machine, with a docker that answers from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from facts_place import NAME, SECRET


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project folder with an env file full of secrets, hostile backups, a lease and runs."""
    top = tmp_path / "hummii"
    backups = top / "backups"
    backups.mkdir(parents=True)
    (top / "docker-compose.prod.yml").write_text("services:\n  api:\n    image: api:${TAG}\n    env_file: .env\n")
    (top / ".env").write_text(
        f'# c\nTAG="1.0" # x\nexport PASSWORD={SECRET}\nKEY="-----\nHIDDEN={SECRET}\nabc=\n-----"\nLAST=1\n'
    )
    for stamp in ("20260115_103000", "-rf", "new\nline", "with space", "$(id)", "ünï"):
        (backups / f"{NAME}{stamp}").write_text("services:\n  api:\n    image: api:1.0\n")
    (backups / f"{NAME}20260116_000000").symlink_to("/etc/passwd")
    (backups / f"{NAME}20260117_000000").mkdir()
    (backups / f"{NAME}big").write_text("x" * 300_000)
    record = backups / f"{NAME}20260115_103000.release" / "files"
    record.mkdir(parents=True)
    (record / ".env").write_text("then")
    (record.parent / "record.json").write_text('{"schema":')
    ours = top / ".hummii-ops"
    (ours / "marks").mkdir(parents=True)
    (ours / "lease").write_text("run=R\nwho=a=b\nsince=1768473000000\nhosts=one two\n\x1b[2Jx\n")
    (ours / "marks" / ("f" * 64)).write_text("mark=bad\nreason=$(id)\n")
    for number in range(13):
        run = ours / "runs" / f"2026010{number // 10}T00000{number % 10}Z-rollback-000{number % 10}"
        run.mkdir(parents=True)
        (run / "about").write_text("task=rollback\nto=x\n")
        (run / "state").write_text("mixed\n" if number == 0 else "done\n")
    return top
