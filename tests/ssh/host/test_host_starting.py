"""A run is sent, claimed and started once, or not at all."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from host_tools import tree, wait_for
from rig import Followed, Rig
from rig_steps import step, waiting

from hummii_ops.run import ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect
from hummii_ops.transport.shell import standard_input


def test_said_again_it_only_follows(rig: Rig) -> None:
    """A begin or a start that is repeated, at work or after the end, never starts the run twice."""
    run = rig.new_run(rig.swap())
    first = run.begin()
    for _ in range(2):
        again = run.begin()
        assert (again.code, again.state) == (0, "done")
        assert again.journal == first.journal
    assert run.start().exit_code == 0
    assert run.said().count("begin") == 1
    assert rig.lease() is None


def test_eight_at_once(rig: Rig) -> None:
    """Eight begins of one run at the same moment make one run, and all of them see its end."""
    run = rig.new_run(rig.swap())
    with ThreadPoolExecutor(8) as pool:
        seen: list[Followed] = list(pool.map(lambda _: run.begin(), range(8)))
    assert {(one.code, one.state) for one in seen} == {(0, "done")}
    assert len({tuple(one.journal) for one in seen}) == 1
    assert run.said().count("begin") == 1
    assert [path.name for path in (rig.home / "runs").iterdir()] == [run.id], "no half uploads are left"


def test_a_begin_does_not_end_a_mixed_run(dash_rig: Rig) -> None:
    """A begin that is repeated because the link was lost does not send a mixed run back again."""
    plan = dash_rig.swap(step("fails", ("never",), effect=Effect.CHANGES))
    run = dash_rig.new_run(dash_rig.plan(plan.forward, [step("stuck", ("never",), effect=Effect.CHANGES)]))
    assert run.begin().state == "mixed"
    said = run.said()
    assert run.begin().state == "mixed"
    assert run.said() == said


def test_a_back_that_is_repeated(dash_rig: Rig) -> None:
    """A way back that is asked for again after it has ended only tells its end."""
    go = dash_rig.folder / "go"
    run = dash_rig.new_run(dash_rig.swap(waiting("wait", go))).sent()
    run.start()
    wait_for(lambda: Path(f"{go}.reached").exists())
    go.touch()
    assert run.follow("back").state in ("restored", "done")
    again = run.follow("back")
    assert (again.code, again.state) == (0, run.state())


def test_a_damaged_upload(dash_rig: Rig) -> None:
    """An upload with a wrong byte is refused, and nothing of it stays."""
    run = dash_rig.new_run(dash_rig.swap())
    packed = base64.b64decode(ship.pack(run.texts))
    for at in range(12, len(packed), len(packed) // 12):
        spoiled = packed[:at] + bytes([packed[at] ^ 0x10]) + packed[at + 1 :]
        result = run.receive(base64.encodebytes(spoiled).decode())
        assert result.exit_code == 71, at
        assert list((dash_rig.home / "runs").iterdir()) == []
    for text in (ship.pack(run.texts)[:-200], "", "!" * 1000):
        assert run.receive(text or " ").exit_code == 71
    extra = dict(run.texts) | {"lib/runner.sh": "echo not ours\n"}
    assert run.receive(ship.pack(extra)).exit_code == 71, "the manifest decides"
    assert list((dash_rig.home / "runs").iterdir()) == []


def test_a_cut_upload(rig: Rig) -> None:
    """A script that arrives cut anywhere runs nothing at all: not even our folder is made."""
    run = rig.new_run(rig.swap())
    whole = standard_input(script(about=run.about.lease_lines(), payload=ship.pack(run.texts)))
    before = tree(rig.project)
    end = len(whole.rstrip()) - len(b"} </dev/null")
    lines = [at for at, byte in enumerate(whole) if byte == 10 and at < end]
    points = sorted({*lines[:: max(1, len(lines) // 25)], *lines[-12:], 1, 99, len(whole) // 2, end - 1, end})
    argv = ["sh", "-s", "--", str(rig.home), "begin", run.id, "0"]
    for at in points:
        done = subprocess.run(argv, input=whole[:at], capture_output=True, check=False)
        assert not rig.home.exists(), (at, whole[at - 80 : at])
        assert b"J " not in done.stdout
    assert tree(rig.project) == before


def test_no_such_run(rig: Rig) -> None:
    """Every verb that names a run says so when there is none, also for a name that would lead elsewhere."""
    (rig.home / "runs").mkdir(parents=True)
    (rig.project / "elsewhere").mkdir()
    (rig.project / "elsewhere" / "state").write_text("done\n")
    for verb in ("start", "follow", "again", "answer", "cancel", "back", "collect", "read_run", "read_fact", "discard"):
        for name in ("20260101T000000Z-rollback-0000", "../../elsewhere", "", ".", "a b"):
            assert rig.call(verb, name, "0", "go").exit_code == 76, (verb, name)


def test_only_verbs_are_verbs(rig: Rig) -> None:
    """The entry runs its own verbs and nothing else by name."""
    for word in ("id", "rm", "main", "put", "ended", "state_of", "lease_claim", "/bin/sh", ""):
        assert rig.call(word, "x").exit_code == 2, word
    for name in (
        "../x",
        "lease",
        "marks/../../x",
        "runs/x/state",
        "marks/",
        "baselines/../x",
        "baselines/",
        "busy.lock",
    ):
        assert rig.call("write", name, about="run=x").exit_code == 2, name
        assert rig.call("forget", name).exit_code == 2, name


def test_marks_and_holds(rig: Rig) -> None:
    """A mark and a hold are written whole, replaced and forgotten."""
    for name in ("hold", "marks/" + "ab" * 32, "baselines/" + "ab" * 32):
        for reason in ("one", "two"):
            assert rig.call("write", name, about=f"reason={reason}\n").exit_code == 0
            assert (rig.home / name).read_text() == f"reason={reason}\n"
        assert rig.call("forget", name).exit_code == 0
        assert not (rig.home / name).exists()
        assert rig.call("forget", name).exit_code == 0


def test_write_order(dash_rig: Rig) -> None:
    """A state is written beside, synced, renamed, and its folder synced; a step acts only after its start is synced."""
    run = dash_rig.new_run(dash_rig.swap()).sent()
    trace = dash_rig.folder / "trace"
    found = subprocess.run(
        ["/bin/sh", "-c", "PATH=$PATH:/usr/bin:/usr/local/bin command -v strace"], capture_output=True, check=False
    )
    if found.returncode:
        pytest.fail("this test needs strace: apt-get install -y strace", pytrace=False)
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,write"
    command = [found.stdout.decode().strip(), "-f", "-y", "-s", "200", "-e", calls, "-o", str(trace)]
    subprocess.run(
        [*command, "sh", str(run.folder / "lib/runner.sh"), str(run.folder)], check=True, capture_output=True
    )
    assert run.state() == "done"
    lines = [line.split(" ", 1)[1].strip() for line in trace.read_text().splitlines()]

    def after(start: int, *words: str) -> int:
        return next(i for i in range(start, len(lines)) if all(word in lines[i] for word in words))

    at = 0
    for state in ("forward", "done"):
        at = after(at, "write(", "/.state.new>", f'"{state}\\n"')
        at = after(at, "fsync(", "/.state.new>")
        at = after(at, "rename", ".state.new", '"state"')
        at = after(at, "fsync(", f"{run.id}>")
    for name in ("put-a", "put-b"):
        at = after(0, "write(", "journal.jsonl>", "start", name)
        at = after(at, "fsync(", "journal.jsonl>")
        at = after(at, "fsync(", f"/.{name[-1]}.{run.id}>")
        at = after(at, "rename", f"/.{name[-1]}.{run.id}")
        at = after(at, "fsync(", f"{dash_rig.project}>")
        at = after(at, "write(", "journal.jsonl>", "done", name)


@contextmanager
def small_disk(folder: Path, size_k: int) -> Iterator[Path]:
    """A file system of its own with so much room."""
    folder.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={size_k}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.fail("this test mounts a small file system, which takes root", pytrace=False)
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


def test_a_full_disk(dash_rig: Rig) -> None:
    """Whatever room is left, a begin is refused, or the run ends; a state or a lease that is there is whole."""
    words = {"ready", "forward", "back", "mixed", "done", "restored", "refused", "abandoned"}
    ends = set()
    with small_disk(dash_rig.folder / "disk", 512) as disk:
        for room_k in (0, 4, 8, 16, 40, 100, 140, 160, 180, 200, 220, 240, 300):
            rig = replace(dash_rig, folder=disk / f"{room_k}")
            rig.project.mkdir(parents=True)
            plan = rig.swap()
            filler = disk / "filler"
            filler.write_bytes(b"")
            free_k = int(subprocess.check_output(["df", "-P", "-k", str(disk)]).split()[-3])
            filler.write_bytes(b"x" * 1024 * max(0, free_k - room_k))
            run = rig.new_run(plan)
            followed = run.begin()
            run.until_quiet()
            assert run.state() in words | {""}
            assert followed.code in (0, 78)
            if (rig.home / "lease").exists():
                lease = (rig.home / "lease").read_text()
                assert lease.startswith(f"run={run.id}\n")
                assert lease.endswith("hosts=here\n")
            assert {*rig.words()} <= {"old", "new"}
            if followed.code == 78:
                assert run.state() in ("", "ready")
                assert rig.words() == ["old", "old"]
            filler.unlink()
            if run.state() in ("forward", "back", "mixed"):
                assert run.follow("again").state in ("done", "restored", "refused")
            ends.add(run.state() or "refused")
            subprocess.run(["/bin/rm", "-rf", str(rig.folder)], check=True)
    assert "done" in ends
    assert ends & {"refused", "ready"}


def test_half_of_a_file_does_not_stay_on_a_full_disk(dash_rig: Rig) -> None:
    """What did not fit is gone again, and what stood there stands there."""
    large = "n" * 200_000
    with small_disk(dash_rig.folder / "disk", 100) as disk:
        rig = replace(dash_rig, folder=dash_rig.folder / "rig")
        rig.project.mkdir(parents=True)
        put = rig.puts("file", large)
        put = replace(put, holds=("never",), act=(*put.act[:2], str(disk / "file"), "640"))
        (disk / "file").write_text("old")
        run = rig.new_run(rig.plan([put], texts=[large]))
        assert run.begin().state == "restored"
        assert [(one.name, one.read_text()) for one in disk.iterdir()] == [("file", "old")]


def test_what_a_full_disk_tore_stands_in_a_line_of_its_own(dash_rig: Rig) -> None:
    """The way back makes room, and what is noted from then on can be read."""
    begun = '{"t":1,"ev":"begin","list":"","step":"","code":null,"log":0}'
    with small_disk(dash_rig.folder / "disk", 512) as disk:
        rig, filler = replace(dash_rig, folder=disk / "rig"), disk / "filler"
        rig.project.mkdir(parents=True)
        makes_room = step("make-room", ("gone", str(filler)), ("remove", str(filler)), effect=Effect.CHANGES)
        run = rig.new_run(rig.plan([], [makes_room])).sent()
        (run.folder / "state").write_text("back\n")
        (run.folder / "journal.jsonl").write_text(f"{begun:<4065}\n")  # 30 bytes are left of its page
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        words, path = ["sh", "lib/runner.sh", str(run.folder)], {"PATH": str(rig.tools)}
        subprocess.run(words, cwd=run.folder, env=path, capture_output=True, check=True, timeout=30)
        journal = (run.folder / "journal.jsonl").read_text()
        assert '{"t"' not in journal.splitlines()[1][1:]
        assert run.said() == ["begin", "done make-room", "restored"]
