"""The laptop's copy of a run: whole where we wrote, without secrets where others did, never outside its folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from hummii_ops.run import mirror

SECRET = b"hunter2"
LINE = b"DB_PASSWORD=hunter2 \xff  ready\r\n"


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(f"R/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_what_containers_and_docker_wrote_comes_home_masked(tmp_path: Path) -> None:
    """Logs, states and output lose their secrets; every other byte of them stays."""
    names = ("output.log", "evidence/before/abc.log", "evidence/before/containers.jsonl", "evidence/.unwell")
    mirror.save(packed(**dict.fromkeys(names, b"as it is \x1b[0m\n" + LINE)), tmp_path)
    for name in names:
        assert (tmp_path / name).read_bytes() == b"as it is \x1b[0m\nDB_PASSWORD=*** \xff  ready\r\n", name


def test_what_we_wrote_comes_home_byte_for_byte(tmp_path: Path) -> None:
    """The journal, the plan and the probes are the host's to the last byte: they hold no secret, and are compared."""
    names = ("journal.jsonl", "plan.json", "evidence/probe.txt", "state", "about")
    mirror.save(packed(**dict.fromkeys(names, LINE)), tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in names} == dict.fromkeys(names, LINE)


def test_nothing_lands_outside(tmp_path: Path) -> None:
    """A name that climbs is passed over; only the owner can read what comes."""
    mirror.save(packed(**{"../../out": b"x", "output.log": b"y"}), tmp_path / "in")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["output.log"]
    assert (tmp_path / "in/output.log").stat().st_mode & 0o777 == 0o600
