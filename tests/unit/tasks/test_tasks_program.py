"""What fab says when it is called without a task, and how it repeats a command that would have asked."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hummii_ops.tasks.call.session import again

ROOT = Path(__file__).resolve().parents[3]


def test_a_bare_fab_shows_what_to_type_at_night() -> None:
    """The three commands first, then every task; none of Fabric's own flags; 0, and the same as the list of tasks."""
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}"]
    env = os.environ | {"COLUMNS": "120"}
    bare = subprocess.run(fab, capture_output=True, text=True, env=env, cwd=ROOT, stdin=subprocess.DEVNULL)
    assert bare.returncode == 0, bare.stderr
    lines = bare.stdout.splitlines()
    assert [line.strip() for line in lines[2:5]] == [
        "fab status",
        'fab rollback --latest --reason="what you see"',
        "fab verify",
    ]
    assert "--ssh-config" not in bare.stdout
    listed = subprocess.run([*fab, "--list"], capture_output=True, text=True, env=env, cwd=ROOT)
    assert listed.stdout.strip() in bare.stdout


def test_who_has_read_enough_of_the_list_sees_no_traceback() -> None:
    """`fab --list | head`, and a bare `fab`: nobody reads any more, and nothing is said about it."""
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}"]
    for words in (["--list"], ["--help", "rollback"], []):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([*fab, *words], stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        os.close(write)
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("config.schema",), 0),
        (("config.schema", "--format=json"), 0),
        (("flows.check",), 0),
        (("attach", "--format=jsonl", "--env=none"), 2),
    ],
)
def test_who_has_read_enough_of_an_answer_takes_no_exit_code(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """`fab rollback --format=json | head -1`: how it ended is still told by the exit code, and nothing is a bug."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("environments:\n  lab:\n    hosts: [{name: lab-1, address: 127.0.0.1, port: 1}]\n")
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}"]
    env = os.environ | {"HUMMII_INVENTORY": str(inventory)}
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*fab, *words], stdout=write, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)
    os.close(write)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("both", [False, True])
def test_a_reader_that_stands_still_is_told_of_and_can_be_left(both: bool) -> None:
    """Who waits is told why, if stderr is read; Ctrl-C leaves, and takes no exit code."""
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}", "config.schema", "--format=json"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    told, tell = os.pipe()
    with subprocess.Popen(fab, stdout=write, stderr=write if both else tell, env=env, cwd=ROOT) as call:
        os.close(tell)
        if both:
            time.sleep(8)  # nothing can be heard: the note itself finds the pipe full
        else:
            assert select.select([told], [], [], 30)[0]
            assert os.read(told, 4096) == b"note: the answer (0) is not read yet; Ctrl-C leaves with 0\n"
        call.send_signal(signal.SIGINT)
        assert call.wait(10) == 0
    for one in (read, write, told):
        os.close(one)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_takes_no_exit_code(closed: str, tmp_path: Path) -> None:
    """Cron and some CI runners close what they do not read."""
    fab = f"{Path(sys.executable).with_name('fab')} --search-root={ROOT}"
    script = f"{fab} config.schema {closed}; echo code $? >{tmp_path}/code"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (tmp_path / "code").read_text() == "code 0\n"
    assert done.stderr == ""
    assert (done.stdout == "") == (">&-" in closed.split())


def test_a_release_without_its_flag() -> None:
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}"]
    done = subprocess.run([*fab, "rollback", "1.0"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, "fab rollback --to=1.0" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("words", "said", "then"),
    [
        (["rollback", "--lastest"], "there is no flag '--lastest'; nearest: --latest", "fab --help rollback"),
        (["rollbak"], "there is no task 'rollbak'; nearest: rollback", "fab --list"),
        (["rollback", "--latest", "--to=1.0"], "say one of them", "fab releases"),
        (["mark", "--good", "--bad"], "say one of --good and --bad", "fab mark --bad"),
    ],
)
def test_a_slip_is_told_with_what_to_type_next(words: list[str], said: str, then: str, tmp_path: Path) -> None:
    """Wrong usage (2): what is wrong, and the one command that shows what is right."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("environments:\n  lab:\n    hosts: [{name: lab-1, address: 127.0.0.1, port: 1}]\n")
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={ROOT}"]
    env = os.environ | {"HUMMII_INVENTORY": str(inventory), "HUMMII_ENV": "lab"}
    done = subprocess.run([*fab, *words], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
    assert done.returncode == 2, done.stderr
    first, next_ = done.stderr.splitlines()[:2]
    assert (said in first, next_.startswith("  next: "), then in next_) == (True, True, True), done.stderr


_LEAVES_A_THREAD = """
import atexit, os, signal, sys, threading, time
from fabric.main import program
from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import task
from hummii_ops.tasks import program as seam

@task
def leave(context, code=0):
    atexit.register(os.kill, os.getpid(), signal.SIGSEGV)  # what OpenSSL's end was seen to do to a thread inside it
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    waited_for = threading.Thread(target=lambda: (time.sleep(0.2), print("told")))
    waited_for.start()
    if code:
        raise Exit(code=code)

namespace = Collection(leave)
seam.install(program)
"""


@pytest.mark.parametrize("code", [0, 6])
def test_a_thread_left_behind_has_no_say_in_the_exit_code(tmp_path: Path, code: int) -> None:
    """What must be waited for is; Python's own end, where a thread inside TLS crashes the process, is not reached."""
    (tmp_path / "fabfile.py").write_text(_LEAVES_A_THREAD)
    fab = [str(Path(sys.executable).with_name("fab")), f"--search-root={tmp_path}", "leave", f"--code={code}"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(fab, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=30)
    assert (done.returncode, done.stdout) == (code, "told\n"), done.stderr


def test_a_start_is_quick_from_the_second_one_on(tmp_path: Path) -> None:
    """What was compiled is kept, though Invoke would not, and unless the operator forbids it."""
    for name in ("hummii_ops", "lab"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "fabfile.py", tmp_path)
    fab = [str(Path(sys.executable).with_name("fab")), "--list"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env["PYTHONPATH"] = str(tmp_path)
    for forbidden, kept in ((True, False), (False, True)):
        asked = env | ({"PYTHONDONTWRITEBYTECODE": "1"} if forbidden else {})
        done = subprocess.run(fab, capture_output=True, text=True, env=asked, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert any(tmp_path.glob("hummii_ops/tasks/code/__pycache__/rollback.*.pyc")) is kept


def test_nothing_is_looked_for_among_what_stays() -> None:
    """Once the tasks are loaded they stand aside from the collector, which then goes on as ever."""
    ask = "import fabfile, gc; print(gc.isenabled(), gc.get_freeze_count() > 10000)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "True True\n", done.stderr


def test_a_command_is_repeated_so_that_it_does_not_ask() -> None:
    """Quoted for a shell, with --yes, and with --reason where the task has one and none was given."""
    given = ["rollback", "--latest", "--reason=it's 503"]
    assert again(given, takes_reason=True) == "fab rollback --latest '--reason=it'\"'\"'s 503' --yes"
    assert again(["undo"], takes_reason=True) == 'fab undo --yes --reason="…"'
    assert again(["init", "--host=a@b"], takes_reason=False) == "fab init --host=a@b --yes"
