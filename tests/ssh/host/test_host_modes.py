"""Who may read and write what a run leaves; what lies in the way; what a process list shows; the journal's hash."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from rig import Rig
from rig_steps import waiting

from hummii_ops.run.entry import UNSAFE, Entry
from hummii_ops.run.witness import on_host


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """The account's own umask keeps nothing back."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {path.lstat().st_mode & 0o7777 for path in [folder, *folder.rglob("*")]}


def test_a_run_is_its_account_s_alone(rig: Rig) -> None:
    """Nobody else may read or write anything of a run, whatever the umask."""
    assert rig.new_run(rig.swap()).begin().state == "done"
    assert not {mode for mode in modes(rig.home) if mode & 0o077}


def test_in_a_group_s_folder_it_is_the_group_s(rig: Rig) -> None:
    """Several accounts of one group: the group may, all others may not."""
    rig.project.chmod(0o2770)
    assert rig.new_run(rig.swap()).begin().state == "done"
    assert not {mode for mode in modes(rig.home) if mode & 0o007}
    assert all(mode & 0o070 for mode in modes(rig.home))


@pytest.mark.parametrize("which", [".hummii-ops", ".hummii-ops/runs"])
def test_where_everyone_may_write_nothing_begins(rig: Rig, which: str) -> None:
    """What everyone may write in is not ours: no claim, no upload, nothing run."""
    (rig.home / "runs").mkdir(parents=True, mode=0o700)
    (rig.project / which).chmod(0o777)
    run = rig.new_run(rig.swap())
    assert run.claim().exit_code == UNSAFE
    assert run.receive().exit_code == UNSAFE
    assert rig.lease() is None


def test_a_home_that_is_a_link(rig: Rig) -> None:
    """A link in the place of our folder leads to somebody else's."""
    (rig.folder / "elsewhere").mkdir()
    rig.home.symlink_to(rig.folder / "elsewhere")
    assert rig.new_run(rig.swap()).claim().exit_code == UNSAFE
    assert list((rig.folder / "elsewhere").iterdir()) == []


def test_no_name_in_tmp(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run makes no file but in its own folder: where /tmp is watched, nothing can be seen, or put first."""
    (rig.folder / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(rig.folder / "tmp"))
    before = set(Path("/tmp").iterdir())
    run = rig.new_run(rig.swap())
    assert run.begin().state == "done"
    assert list((rig.folder / "tmp").iterdir()) == []
    assert not [path for path in set(Path("/tmp").iterdir()) - before if run.id in path.name]


def test_a_process_list_shows_no_secret(rig: Rig) -> None:
    """While a run works with an env file, no command line and no environment of its processes has a value of it."""
    secret = "s3cr3t-of-production"
    (rig.project / ".env").write_text(f"PASSWORD={secret}\nOTHER=x\n")
    gate = rig.folder / "go"
    plan = rig.swap(waiting("waits", gate))
    run = rig.new_run(plan, reason="why")
    run.sent().start()
    run.until("start waits")
    seen = []
    for pid in rig.processes():
        for name in ("cmdline", "environ"):
            seen += [Path(f"/proc/{pid}/{name}").read_bytes()]
    gate.touch()
    assert run.follow("follow").state == "done"
    assert seen
    assert not [one for one in seen if secret.encode() in one]


def test_the_journals_by_their_hash(rig: Rig) -> None:
    """The host says the sha256 of every run's journal; a home without runs has none."""
    assert rig.call("journals").stdout == b""
    runs = [rig.new_run(rig.swap()) for _ in range(2)]
    for run in runs:
        assert run.begin().state == "done"
    said = on_host(Entry(transport=rig.transport, home=str(rig.home)))
    assert said == {run.id: sha256((run.folder / "journal.jsonl").read_bytes()).hexdigest() for run in runs}
    assert stat.S_IMODE((runs[0].folder / "journal.jsonl").stat().st_mode) == 0o600
