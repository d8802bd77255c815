"""Each verb alone: "is" after "make" is true, "make" twice is once, and "is" says no when the world is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from rig import Rig, Shipped, step, tree, wait_for

from hummii_ops.run import ship

ABOUT = 'who=a@b\nreason=because: it\'s "so"\nsince=1\n'


@dataclass(frozen=True, kw_only=True)
class World:
    """A run that holds the lease, and the verbs as its runner calls them."""

    rig: Rig
    run: Shipped

    @property
    def project(self) -> Path:
        return self.rig.project

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def home(self) -> Path:
        return self.rig.home

    def call(self, which: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        (self.folder / "forward" / "tried.sh").write_text(ship.render(step("tried", words, words)))
        argv = ["sh", "-eu", str(self.folder / "lib/step.sh"), str(self.folder), "forward/tried.sh", which]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        assert done.returncode != 90, "the lease was lost"
        return done

    def holds(self, *words: str) -> bool:
        return self.call("holds", words).returncode == 0

    def act(self, *words: str) -> int:
        return self.call("act", words).returncode

    def tree(self) -> dict[str, tuple[str, int]]:
        return {name: found for name, found in tree(self.project).items() if not name.endswith("/tried.sh")}

    def text(self, path: str, words: str) -> Path:
        """A file of the run's folder."""
        found = self.folder / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(words)
        return found


@pytest.fixture
def world(rig: Rig) -> World:
    return World(rig=rig, run=rig.new_run(rig.swap()).sent())


Words = tuple[str, ...]
Wrong = Callable[[World], object]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A pair of verbs on a file NAME of the project; what to prepare, and ways in which the world can be wrong."""

    name: str
    holds: Callable[[World], Words]
    act: Callable[[World], Words]
    prepare: Callable[[World], object] = lambda world: None
    wrong: dict[str, Wrong] = field(default_factory=dict)


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def live(world: World) -> Path:
    return world.project / "file name"


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def env_files(world: World) -> None:
    world.text("target/.env", 'A=1\nexport KEEP="old secret"\nexport B=2\nKEEPER=3\n# KEEP=no')
    world.text("before/.env", "A=9\nKEEP='new $(id) \\secret'\nALSO=x=y\n")


MERGED: Words = ("target/.env.merged", "target/.env", "before/.env", "KEEP", "ALSO")
VERBS = [
    Verb(
        name="put_file",
        prepare=lambda world: world.text("target/x", "new"),
        holds=lambda world: ("file_is", str(live(world)), sha("new")),
        act=lambda world: ("put_file", "target/x", str(live(world)), "640"),
        wrong={
            "other bytes": lambda world: live(world).write_text("old"),
            "longer": lambda world: live(world).write_text("new\n"),
            "gone": lambda world: live(world).unlink(),
            "a folder": lambda world: replaced_by_a_folder(live(world)),
        },
    ),
    Verb(
        name="put_file as",
        prepare=lambda world: world.text("before/x", "old"),
        holds=lambda world: ("file_as", str(live(world)), "before/x"),
        act=lambda world: ("put_file", "before/x", str(live(world)), "600"),
        wrong={
            "other bytes": lambda world: live(world).write_text("new"),
            "gone": lambda world: live(world).unlink(),
            "the copy gone": lambda world: (world.folder / "before/x").unlink(),
        },
    ),
    Verb(
        name="keep_file",
        prepare=lambda world: live(world).write_text("kept"),
        holds=lambda world: ("file_kept", "before/conf/x", sha("kept")),
        act=lambda world: ("keep_file", str(live(world)), "before/conf/x"),
        wrong={
            "other bytes": lambda world: world.text("before/conf/x", "other"),
            "gone": lambda world: (world.folder / "before/conf/x").unlink(),
            "a folder": lambda world: replaced_by_a_folder(world.folder / "before/conf/x"),
        },
    ),
    Verb(
        name="remove_file",
        prepare=lambda world: live(world).write_text("x"),
        holds=lambda world: ("file_gone", str(live(world))),
        act=lambda world: ("remove_file", str(live(world))),
        wrong={"there again": lambda world: live(world).write_text("")},
    ),
    Verb(
        name="merge_env",
        prepare=env_files,
        holds=lambda world: ("env_merged", *MERGED),
        act=lambda world: ("merge_env", *MERGED),
        wrong={
            "another value today": lambda world: world.text("before/.env", "KEEP=newer\n"),
            "another value then": lambda world: world.text("target/.env", "A=2\n"),
            "a line more": lambda world: world.text("target/.env.merged", "A=1\n"),
            "empty": lambda world: world.text("target/.env.merged", ""),
            "gone": lambda world: (world.folder / "target/.env.merged").unlink(),
        },
    ),
    Verb(
        name="put_mark",
        prepare=lambda world: world.text("mark.about", ABOUT),
        holds=lambda world: ("mark_is", "abc", "bad"),
        act=lambda world: ("put_mark", "abc", "bad", "mark.about"),
        wrong={
            "another mark": lambda world: (world.home / "marks/abc").write_text("mark=good\n"),
            "no mark": lambda world: (world.home / "marks/abc").unlink(),
            "half a word": lambda world: (world.home / "marks/abc").write_text("mark=badly\n"),
        },
    ),
    Verb(
        name="restore_mark",
        prepare=lambda world: world.text("mark.before", "mark=good\nrun=earlier\n"),
        holds=lambda world: ("mark_was", "abc", "mark.before"),
        act=lambda world: ("restore_mark", "abc", "mark.before"),
        wrong={
            "another mark": lambda world: (world.home / "marks/abc").write_text("mark=bad\n"),
            "no mark": lambda world: (world.home / "marks/abc").unlink(),
        },
    ),
    Verb(
        name="restore_mark to none",
        holds=lambda world: ("mark_was", "abc", "-"),
        act=lambda world: ("restore_mark", "abc", "-"),
        prepare=lambda world: world.rig.call("write", "marks/abc", about="mark=bad\n"),
        wrong={"a mark": lambda world: (world.home / "marks/abc").write_text("mark=good\n")},
    ),
    Verb(
        name="put_hold",
        prepare=lambda world: world.text("mark.about", ABOUT),
        holds=lambda world: ("is_held",),
        act=lambda world: ("put_hold", "mark.about"),
        wrong={"gone": lambda world: (world.home / "hold").unlink()},
    ),
    Verb(
        name="remove_hold",
        prepare=lambda world: world.rig.call("write", "hold", about="run=earlier\n"),
        holds=lambda world: ("hold_gone", "earlier"),
        act=lambda world: ("remove_hold", "earlier"),
        wrong={"there again": lambda world: (world.home / "hold").write_text("run=earlier\n")},
    ),
    Verb(
        name="ask_gate",
        holds=lambda world: ("gate_says", "outside", "go", "keep"),
        act=lambda world: ("ask_gate", "outside", "0", "keep"),
        wrong={
            "another answer": lambda world: world.text("gates/outside", "back\n"),
            "half an answer": lambda world: world.text("gates/outside", "g"),
            "an empty answer": lambda world: world.text("gates/outside", ""),
            "no answer": lambda world: (world.folder / "gates/outside").unlink(),
        },
    ),
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_contract(world: World, verb: Verb) -> None:
    """Not so before; so after it is made; made twice is made once; each single wrong in the world is seen."""
    verb.prepare(world)
    holds, act = verb.holds(world), verb.act(world)
    assert not world.holds(*holds)
    assert world.act(*act) == 0
    assert world.holds(*holds)
    once = world.tree()
    assert world.act(*act) == 0
    assert world.tree() == once
    right = world.rig.folder / "right"
    shutil.copytree(world.project, right)
    for what, wrong in verb.wrong.items():
        wrong(world)
        assert not world.holds(*holds), what
        shutil.rmtree(world.project)
        shutil.copytree(right, world.project)
        assert world.holds(*holds)
    assert not [name for name in world.tree() if name.endswith(".new")], "nothing is left beside"


def test_put_file_keeps_owner_and_mode(world: World) -> None:
    """Who owns a live file, and who may read it, stays as it was; a new file gets the mode that is asked for."""
    world.text("target/x", "new")
    path = live(world)
    path.write_text("old")
    path.chmod(0o604)
    owner = (12345, 54321) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(path, *owner)
    assert world.act("put_file", "target/x", str(path), "640") == 0
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*owner, 0o604)
    path.unlink()
    assert world.act("put_file", "target/x", str(path), "640") == 0
    assert path.stat().st_mode & 0o777 == 0o640


def test_put_file_follows_a_link(world: World) -> None:
    """A file that is a link stays one: what it means gets the bytes, keeps its mode, and nothing is left beside."""
    world.text("target/x", "new")
    (world.project / "shared").mkdir()
    real = world.project / "shared/real"
    real.write_text("old")
    real.chmod(0o604)
    (world.project / "middle").symlink_to("shared/real")
    live(world).symlink_to(world.project / "middle")
    for _ in range(2):
        assert world.act("put_file", "target/x", str(live(world)), "640") == 0
        assert live(world).readlink() == world.project / "middle"
        assert (real.read_text(), real.stat().st_mode & 0o777) == ("new", 0o604)
        assert [path.name for path in real.parent.iterdir()] == ["real"]
    assert world.holds("file_is", str(live(world)), sha("new"))


def test_put_file_is_never_half_there(world: World) -> None:
    """A live file that cannot be replaced stays as it was, and the step says so."""
    live(world).write_text("old")
    assert world.act("put_file", "target/missing", str(live(world)), "640") != 0
    assert live(world).read_text() == "old"


def test_merged_env(world: World) -> None:
    """The release's variables, the kept keys in their place exactly as today's file has them, no more readable."""
    env_files(world)
    (world.folder / "target/.env").chmod(0o600)
    assert world.act("merge_env", *MERGED) == 0
    merged = world.folder / "target/.env.merged"
    assert merged.read_text() == "A=1\nKEEP='new $(id) \\secret'\nexport B=2\nKEEPER=3\n# KEEP=no\nALSO=x=y\n"
    assert merged.stat().st_mode & 0o777 == 0o600


# A line of the release, and today's.
SPELLINGS = [
    ("KEEP=then", "\tKEEP\t= now"),
    ("  KEEP=then", "KEEP=now"),
    ("\texport\t KEEP \t= then", " export  KEEP = now"),
    ("KEEP ='then\nALSO=no'", "KEEP=now"),
    ("KEEP = then", 'KEEP = "now\nALSO=no\n"'),
]


def test_a_kept_key_is_known_however_it_is_spelt(world: World) -> None:
    """Blanks, `export` and a value in several lines: what `read.sh` and Compose take for the key is the key."""
    for then, now in SPELLINGS:
        world.text("target/.env", f"A=1\n{then}\nKEEPER=3\n")
        world.text("before/.env", f"ALSO=today\n{now}\nB=2\n")
        assert world.act("merge_env", *MERGED) == 0
        assert (world.folder / "target/.env.merged").read_text() == f"A=1\n{now}\nKEEPER=3\nALSO=today\n"


def test_a_merge_without_its_source(world: World) -> None:
    """A file to merge that cannot be read is a failure, never an empty half."""
    env_files(world)
    (world.folder / "before/.env").unlink()
    assert world.act("merge_env", *MERGED) != 0
    assert not (world.folder / "target/.env.merged").exists()


def test_anothers_hold_stays(world: World) -> None:
    """Lifting the hold of one run does not touch the hold of another."""
    world.rig.call("write", "hold", about="run=other\nreason=mine\n")
    assert world.holds("hold_gone", "earlier")
    assert world.act("remove_hold", "earlier") == 0
    assert (world.home / "hold").read_text() == "run=other\nreason=mine\n"


def test_a_persons_hold_is_not_taken_over(world: World) -> None:
    """A hold that a person set holds deploys as well: the run leaves it, and its way back does not lift it."""
    words = "run=-\nwho=a@b\nreason=the database moves tonight\n"
    world.rig.call("write", "hold", about=words)
    world.text("mark.about", ABOUT)
    assert world.holds("is_held")
    assert world.act("put_hold", "mark.about") == 0
    assert world.act("remove_hold", "-") == 0
    assert (world.home / "hold").read_text() == words


def test_a_hold_of_ours_is_lifted_by_us(world: World) -> None:
    """The hold that the run set goes with its way back, also when its reason names another run."""
    world.text("mark.about", ABOUT + "reason=run=other\n")
    assert world.act("put_hold", "mark.about") == 0
    assert not world.holds("hold_gone", "-")
    assert world.act("remove_hold", "-") == 0
    assert world.holds("hold_gone", "-")
    assert not world.holds("is_held")


def test_what_a_mark_says(world: World) -> None:
    """A mark names the run, who and why, as it was given."""
    world.text("mark.about", ABOUT)
    world.act("put_mark", "abc", "bad", "mark.about")
    assert (world.home / "marks/abc").read_text() == f"mark=bad\nrun={world.run.id}\n{ABOUT}"
    assert [path.name for path in (world.home / "marks").iterdir()] == ["abc"]


def test_a_mark_without_its_words(world: World) -> None:
    """When the words for a mark are missing there is no mark, rather than one without a reason."""
    assert world.act("put_mark", "abc", "bad", "missing") != 0
    assert not (world.home / "marks/abc").exists()


@pytest.mark.parametrize(("failed", "judged"), [(None, True), ("put-a", True), ("answers-inside", False)])
def test_target_is_judged(world: World, failed: str | None, judged: bool) -> None:
    """The target is blamed only if the run failed at a step that judges the target."""
    if failed:
        world.text("failed", f"{failed}\n")
    words = ("target_is_judged", "abc", "services-healthy", "answers-inside")
    assert world.holds(*words) is judged
    world.text("mark.about", ABOUT)
    world.act("put_mark", "abc", "bad", "mark.about")
    assert world.holds(*words)


DOCKER = """#!/bin/sh
case "$*" in
  ps*--format*Command*) echo redis-server --requirepass hunter2 ;;
  ps*--format*table*) printf '%s\\n' 'CONTAINER ID' "abc redis:7 $*" ;;
  ps*) echo redis-server --requirepass hunter2 ;;
  inspect*Env* | inspect*Cmd* | inspect*Args*) echo hunter2 ;;
  *) echo ready ;;
esac
"""


def test_evidence_holds_no_command_line(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's command may hold its password: neither it nor the environment is saved."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert world.act("save_evidence", "before", "hummii") == 0
    assert world.holds("evidence_saved", "before")
    saved = {path.name: path.read_text() for path in (world.folder / "evidence/before").iterdir()}
    assert saved.keys() == {"ps.txt", "containers.jsonl", "abc.log", "complete"}
    assert "hunter2" not in "".join(saved.values())
    assert all(word in saved["ps.txt"] for word in (".ID", ".Image", ".Status", ".Names"))


def test_a_fact_that_cannot_be_written(world: World) -> None:
    """A full disk fails who writes it, also where set -e does not hold; an empty fact would be taken for one."""
    facts = world.folder / "facts"
    facts.mkdir(exist_ok=True)
    (facts / ".side").symlink_to("/dev/full")
    script = 'run=$1; . "$run/lib/verbs/database.sh"; echo live=1 | fact side || exit 3'
    assert subprocess.run(["sh", "-euc", script, "sh", str(world.folder)], check=False, timeout=60).returncode == 3
    assert not (facts / "side").is_symlink()
    (facts / ".side").unlink()
    assert subprocess.run(["sh", "-euc", script, "sh", str(world.folder)], check=False, timeout=60).returncode == 0
    assert (facts / "side").read_text() == "live=1\n"


def test_room(world: World) -> None:
    """Room is compared in bytes, on the disk of that folder."""
    assert world.holds("room_is_left", str(world.project), "1024")
    assert not world.holds("room_is_left", str(world.project), str(1 << 60))
    assert not world.holds("room_is_left", str(world.project / "missing"), "0")


def test_cannot(world: World) -> None:
    """A step that only looks fails when it is asked to act, and says about what."""
    done = world.call("act", ("cannot", "too little room"))
    assert done.returncode == 1
    assert b"too little room" in done.stderr


class Site(BaseHTTPRequestHandler):
    """Answers by the path."""

    asked: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        self.asked[self.path] = self.asked.get(self.path, 0) + 1
        code, body = {
            "/good": (200, '{"status": "ok",\n "version" : "1.0"}'),
            "/other": (200, '{"version":"1.01"}'),
            "/ill": (503, '{"version":"1.0"}'),
            "/moved": (301, '{"version":"1.0"}'),
            "/empty": (204, ""),
            "/late": (200 if self.asked[self.path] > 3 else 502, '{"version":"1.0"}'),
        }.get(self.path, (404, ""))
        self.send_response(code)
        self.send_header("Location", "/good")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["curl", "wget"])
def asking(request: pytest.FixtureRequest, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PATH with one of the two programs that can ask a URL."""
    found = next(
        (path for folder in ("/usr/bin", "/bin") if (path := Path(folder, request.param)).exists()),
        None,
    )
    if found is None:
        pytest.fail(f"this test needs {request.param}: apt-get install -y {request.param}", pytrace=False)
    (tmp_path / "asking").mkdir()
    (tmp_path / "asking" / request.param).symlink_to(found)
    monkeypatch.setenv("PATH", f"{rig.tools}:{tmp_path}/asking")
    return str(request.param)


ANSWERS = [
    ("/good", "version", "1.0", True),
    ("/good", "-", "-", True),
    ("/empty", "-", "-", True),
    ("/good", "version", "1.1", False),
    ("/other", "version", "1.0", False),
    ("/ill", "version", "1.0", False),
    ("/ill", "-", "-", False),
    ("/moved", "version", "1.0", False),
    ("/moved", "-", "-", False),
    ("/missing", "-", "-", False),
]


def test_answers(asking: str, site: str, world: World) -> None:
    """A good answer is 2xx and names the version, when one is asked for; a redirect is none. With curl or with wget."""
    for path, field_, version, good in ANSWERS:
        assert world.holds("answers", f"{site}{path}", field_, version) is good, path
    assert not world.holds("answers", "http://127.0.0.1:1/", "-", "-")


@pytest.fixture
def odd_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account with a proxy that is down, and with habits of its own in the files that curl and wget read."""
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".curlrc").write_text("location\nproxy = http://127.0.0.1:1\n")
    (tmp_path / ".wgetrc").write_text("header = Host: elsewhere\nuse_proxy = on\nhttp_proxy = http://127.0.0.1:1\n")


def test_an_accounts_proxy_does_not_decide(asking: str, odd_account: None, site: str, world: World) -> None:
    """Health is asked of the host itself: no proxy, no .curlrc, no .wgetrc."""
    assert world.holds("answers", f"{site}/good", "version", "1.0")
    assert not world.holds("answers", f"{site}/moved", "version", "1.0")


def test_a_probe_asks_as_health_does(asking: str, odd_account: None, site: str, world: World) -> None:
    """The probe of the health URL goes past the account's proxy and habits too."""
    with subprocess.Popen(["sleep", "60"]) as runner:
        words = ["sh", str(world.folder / "lib/probe.sh"), str(world.folder), f"{site}/good", str(runner.pid)]
        with subprocess.Popen(words):
            wait_for(lambda: (world.folder / "evidence/probe.txt").exists())
            runner.kill()
            runner.wait()
    codes = {line.split()[2] for line in (world.folder / "evidence/probe.txt").read_text().splitlines()}
    assert codes == {"200"}


@pytest.mark.parametrize(("field_", "version"), [("-", "-"), ("version", "1.0")])
def test_await_answer(asking: str, site: str, world: World, field_: str, version: str) -> None:
    """A wait goes on while the answer is bad, also when no version is compared, and ends with the first good one."""
    assert world.act("await_answer", "20", f"{site}/late", field_, version) == 0
    assert Site.asked["/late"] == 4
    done = world.call("act", ("await_answer", "0", f"{site}/ill", field_, version))
    assert done.returncode == 1
    assert b"gave no good answer" in done.stdout
