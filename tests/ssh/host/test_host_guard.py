"""The guard of deploys, over a real sshd: what a job is told of its deploy, whatever became of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from guarded import Call, Server
from rig import wait_for

import hummii_ops
from hummii_ops.errors import Busy, Refused
from hummii_ops.run.stop_deploy import stop_deploy
from hummii_ops.transport import SshTransport

WAITS = 'echo begun; until [ -e "$world/go" ]; do sleep 0.05; done'

# What the script does, its exit code, and what of the server differs.
TRUTH: dict[str, tuple[str, int, list[str]]] = {
    "nothing": ("echo hello", 0, []),
    "fails before it touches anything": ("exit 7", 7, []),
    "its own 3 is no refusal": ("exit 3", 3, []),
    "the compose file": ('echo "# new" >>"$file"; exit 1', 1, ["compose-file"]),
    "a referenced file": ('echo new >"$project/nginx.conf"', 0, ["file:nginx.conf"]),
    "a container": ('echo c1 >"$world/containers"; exit 1', 1, ["container:api"]),
    "the migrations": ('echo 2_add >>"$world/migrations"', 0, ["migrations"]),
    "it says so": ("hummii-host touched", 0, ["said"]),
    "it says what": ("hummii-host touched 'the cache $(id)'", 0, ["said: the cache $(id)"]),
    "taken back again": ('cp "$file" "$file.b"; echo x >>"$file"; sleep 3; cp "$file.b" "$file"', 0, ["compose-file"]),
    "everything": (
        'echo x >>"$file"; echo c1 >"$world/containers"; echo r >>"$world/migrations"',
        0,
        ["compose-file", "container:api", "migrations"],
    ),
}


@pytest.fixture(params=["dash", "bash"])
def server(request: pytest.FixtureRequest, make: Callable[[str], Server]) -> Server:
    return make(str(request.param))


@pytest.fixture
def dash(make: Callable[[str], Server]) -> Server:
    """For what does not depend on the shell."""
    return make("dash")


@pytest.fixture
def make(sshd: Any, tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    known = sshd.known_hosts(sshd.line("ed25519"))
    options = ["BatchMode=yes", "IdentitiesOnly=yes", f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes"]
    ssh = ["ssh", "-F", "none", "-p", str(sshd.port), "-i", str(sshd.key), *(f"-o{one}" for one in options)]
    made: list[Server] = []

    def start(shell: str) -> Server:
        made.append(Server(tmp_path, [*ssh, f"{sshd.user}@127.0.0.1"], shell))
        return made[-1]

    yield start
    for one in made:
        one.clear()


@pytest.mark.parametrize("case", TRUTH)
def test_touched_or_not(dash: Server, case: str) -> None:
    """A job learns the script's own exit code, and whether the server is as it was before."""
    script, code, what = TRUTH[case]
    ended, said = dash.deploy(script)
    assert (ended.code, said["state"], said["exit_code"]) == (code, "ended", code), ended
    assert (said["touched"], said["touched_what"]) == (bool(what), what)
    assert (said["refused"], said["stopped_by"], said["left_behind"]) == (None, None, False)
    assert dash.last() == said
    assert (dash.lease(), dash.busy()) == ("", False)


def test_what_cannot_be_asked_any_more(dash: Server) -> None:
    """A docker that answered before and does not after: the server counts as touched."""
    _, said = dash.deploy('touch "$world/away"')
    assert said["touched_what"] == ["unknown: docker or the database does not answer any more"]


def test_what_is_before_the_script_has_a_limit(dash: Server) -> None:
    """A docker that hangs does not hold the lease for ever: refused, and why is said. An hour is two seconds here."""
    shorter(dash, limit_s=3600, instead_s=2)
    (dash.world / "hangs").write_text("ps -aq")
    ended, said = dash.deploy('echo ran >"$world/ran"')
    assert (ended.code, said["state"], said["refused"]) == (3, "refused", "restore-point"), ended
    assert ("more than an hour" in said["why"], (dash.world / "ran").exists()) == (True, False)


@pytest.mark.parametrize("words", ["ps -aq", "exec -i"])
def test_a_docker_that_hangs_does_not_hang_the_guard(dash: Server, words: str) -> None:
    """The end of the deploy takes a minute at most, and says what it waits for; then the server counts as touched, and
    others may act.
    """
    script = dash.script(f'printf "{words}" >"$world/hangs"')
    began = time.monotonic()
    ended = dash.call(*dash.guarded(script), limit_s=120)
    assert time.monotonic() - began < 70
    what = ["unknown: docker or the database does not answer any more"]
    assert (ended.code, dash.said()["state"], dash.said()["touched_what"]) == (0, "ended", what), ended
    assert "docker or the database does not answer: asked again for at most" in ended.out
    assert (dash.lease(), dash.busy()) == ("", False)


def test_a_deploy_is_stopped_although_docker_hangs(dash: Server) -> None:
    """What is asked of docker does not delay it: a script that does not listen is made to end after 15 seconds, and who
    stops it is told for what it waits, and waits for its end.
    """
    process = begun(dash, "trap 'echo asked >>\"$world/asked\"' TERM", 'printf "ps -aq" >"$world/hangs"')
    began = time.monotonic()
    stopping = dash.start("stop-deploy", "--reason=docker hangs")
    wait_for(lambda: dash.processes("deploy-it") == [], limit_s=45)
    assert (dash.world / "asked").exists()
    stopped = stopping.ended(100)
    assert (stopped.code, dash.busy()) == (0, False), stopped
    assert time.monotonic() - began < 100
    assert "made to after 15 s; waits, at most 120 s" in stopped.err
    assert (process.ended().code, dash.said()["stopped_by"].endswith("docker hangs")) == (137, True)


def shorter(server: Server, *, limit_s: int, instead_s: int) -> None:
    """A limit of the guard's, for those who wait for a test."""
    limited = server.tools / "timeout"
    limited.unlink()
    instead = f'[ "$3" != {limit_s} ] || {{ shift 3; set -- -k 1 {instead_s} "$@"; }}'
    limited.write_text(f'#!/bin/sh\n{instead}\nexec {shutil.which("timeout")} "$@"\n')
    limited.chmod(0o755)


def test_the_script_runs_as_it_was_called(server: Server) -> None:
    """Its words, folder, mode and output are its own; its input is closed."""
    script = server.script('printf "<%s>" "$#" "$@"; umask; pwd; cat; echo to-stderr >&2')
    words = ("a b", "$(id)", "it's", '"', "--", "-rf", "ä")
    ended = server.call("with-lease", "--", script, *words)
    assert ended.code == 0, ended
    first, home, err = ended.out.splitlines()[-3:]
    assert first == "".join(f"<{word}>" for word in (str(len(words)), *words)) + "0022"
    assert (Path(home).is_dir(), err) == (True, "to-stderr")


@pytest.mark.parametrize(
    "flags",
    [
        ("--version=$(id)", "--", "true"),
        ("--version=", "--", "true"),
        ("--wait=soon", "--", "true"),
        ("--result=/nowhere/at/all", "--", "true"),
        ("--reason=a\nb", "--", "true"),
        ("--no-such-flag", "--", "true"),
        ("--",),
        (),
        ("--", "./there-is-no-such-script"),
    ],
)
def test_wrong_usage(dash: Server, flags: tuple[str, ...]) -> None:
    """2, and nothing has begun."""
    ended = dash.call("with-lease", *flags)
    assert ended.code == 2, ended
    assert not (dash.home / "deploys").exists()


def hold(server: Server, *, until: int | None = None) -> None:
    lines = f"run=-\nwho=eve@laptop\nreason=1.1 is broken\nsince=1768473000000\nuntil={until or ''}\n"
    (server.home / "hold").write_text(lines)


def test_a_hold(server: Server) -> None:
    """3, with who, why and until when; the script does not run."""
    hold(server)
    ended, said = server.deploy('echo ran >"$world/ran"')
    assert (ended.code, said["state"], said["refused"], said["touched"]) == (3, "refused", "hold", False)
    assert "eve@laptop: 1.1 is broken; until someone lifts it" in ended.err
    hold(server, until=int(time.time() * 1000) + 3_600_000)
    ended, said = server.deploy('echo ran >"$world/ran"')
    assert (ended.code, said["why"] in ended.err, " UTC" in said["why"]) == (3, True, True)
    assert not (server.world / "ran").exists()


def test_an_expired_hold(server: Server) -> None:
    """It is said, it is lifted, and the script runs."""
    hold(server, until=1768473000001)
    ended, said = server.deploy("true")
    assert (ended.code, said["state"]) == (0, "ended"), ended
    assert "the hold of eve@laptop: 1.1 is broken has expired (until 2026-01-15 10:30 UTC): lifted" in ended.err
    assert not (server.home / "hold").exists()
    assert "hold expired: eve@laptop" in (server.home / "lease.log").read_text()


def marked(server: Server, word: str, *, since: int = 1, identity: str = "ab" * 32) -> None:
    """A rollback from 1.1 left this mark of it."""
    (server.home / "marks").mkdir(exist_ok=True)
    (server.home / "marks" / identity).write_text(f"mark={word}\nwho=eve@laptop\nreason=orders fail\nsince={since}\n")
    run = server.home / "runs" / f"20260101T000000Z-rollback-{identity[:4]}"
    run.mkdir(parents=True, exist_ok=True)
    (run / "about").write_text(f"from=1.1\nfrom_identity={identity}\nto=1.0\n")
    (run / "state").write_text("done\n")


def test_a_version_that_is_marked_bad(server: Server) -> None:
    """3; another version may come, and this one if somebody says that it may; the newest word on a version counts."""
    marked(server, "bad")
    ended, said = server.deploy("true", flags=["--version=1.1"])
    assert (ended.code, said["refused"], said["version"]) == (3, "marked-bad", "1.1")
    assert "1.1 is marked bad (eve@laptop: orders fail)" in ended.err
    assert server.deploy("true", flags=["--version=1.10"])[0].code == 0
    assert server.deploy("true", flags=["--version=1.1", "--despite-mark"])[0].code == 0
    marked(server, "good", since=2, identity="cd" * 32)
    assert server.deploy("true", flags=["--version=1.1"])[0].code == 0


def claimed(server: Server, state: str) -> None:
    """As a rollback of somebody's leaves it."""
    run = server.home / "runs" / "20990101T000000Z-rollback-beef"
    run.mkdir(parents=True)
    (run / "state").write_text(f"{state}\n")
    (server.home / "lease").write_text(f"run={run.name}\nwho=eve@laptop\ntask=rollback\nreason=mine\n")


def test_a_rollback_that_did_not_end(server: Server) -> None:
    """4, naming it and the two ways on; the script does not run, and nothing is taken from it."""
    claimed(server, "forward")
    ended, said = server.deploy('echo ran >"$world/ran"')
    assert (ended.code, said["refused"]) == (4, "lease"), ended
    assert "20990101T000000Z-rollback-beef began and has not ended" in ended.err
    assert ("fab resume" in ended.err, (server.world / "ran").exists()) == (True, False)
    assert "rollback-beef" in server.lease()


def test_one_after_the_other(dash: Server) -> None:
    """A second deploy is refused (4) and told whose turn it is; with --wait it says so, waits, and then runs."""
    first = begun(dash, flags=["--reason=the first"])
    refused = dash.call("with-lease", "--", "true")
    assert (refused.code, "for deploy (" in refused.err, "the first" in refused.err) == (4, True, True), refused
    second = dash.start("with-lease", "--wait=60", "--", "echo", "second")
    wait_for(lambda: second.err.startswith("waits, at most "))
    (dash.world / "go").touch()
    ended = second.ended()
    assert (ended.code, "second" in ended.out) == (0, True), ended
    assert first.ended().code == 0


def begun(server: Server, *lines: str, flags: Sequence[str] = ()) -> Call:
    """A deploy that waits for `go`, once its script is at work."""
    deploy = server.start(*server.guarded(server.script(*lines, WAITS), *flags))
    wait_for(lambda: "begun" in logs(server), limit_s=60)
    return deploy


def logs(server: Server) -> str:
    return "".join(path.read_text() for path in server.home.glob("deploys/*/output.log"))


def test_a_signal_to_the_guard(server: Server) -> None:
    """TERM, as a time limit gives it: the script is ended, with all that it started; and the job has its line."""
    process = begun(server, 'echo x >>"$file"; sleep 600 &')
    for pid in server.processes("guard/guard.sh"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert process.ended().code == 143
    said = server.said()
    assert (said["state"], said["exit_code"], said["touched_what"]) == ("ended", 143, ["compose-file"])
    assert said["stopped_by"].endswith("a signal to the guard")
    assert (server.lease(), server.busy()) == ("", False)


def test_a_lost_link(server: Server) -> None:
    """A job that is cancelled loses its link: the script goes on to its end, under the lease; the job can ask."""
    process = begun(server, 'echo x >>"$file"')
    process.kill()
    wait_for(lambda: server.last()["touched"], limit_s=30)
    assert (server.last()["state"], server.busy()) == ("running", True)
    assert server.call("with-lease", "--", "true").code == 4
    (server.world / "go").touch()
    said = server.last("--wait=30")
    assert (said["state"], said["exit_code"], said["touched_what"]) == ("ended", 0, ["compose-file"])
    assert server.said() == said


def test_the_guard_is_killed(server: Server) -> None:
    """kill -9: the job is told that it goes on (8), and so is who asks, until the script has ended; then the lease is
    free. What is touched is known.
    """
    process = begun(server, 'echo x >>"$file"')
    os.kill(server.guardian(), signal.SIGKILL)
    assert process.ended().code == 8
    said = server.said()
    assert (said["state"], said["exit_code"], said["touched"]) == ("running", None, True)
    assert server.call("with-lease", "--", "true").code == 4
    assert server.last("--wait=1")["state"] == "running"
    (server.world / "go").touch()
    said = server.last("--wait=30")
    assert (said["state"], said["exit_code"], server.busy()) == ("interrupted", 0, False)
    assert server.call("with-lease", "--", "true").code == 0


def test_what_a_script_touches_after_its_guard_was_killed(dash: Server) -> None:
    """Nothing yet is not "nothing": it is running, and what it does later is told."""
    process = begun(dash, "trap 'echo x >>\"$file\"' EXIT")
    os.kill(dash.guardian(), signal.SIGKILL)
    assert process.ended().code == 8
    said = dash.last()
    assert (said["state"], said["touched"]) == ("running", False)
    (dash.world / "go").touch()
    said = dash.last("--wait=30")
    assert (said["state"], said["touched_what"]) == ("interrupted", ["compose-file"])


def test_a_deploy_is_stopped(server: Server) -> None:
    """Its process group is ended, who did it and why is kept, and nothing of it is at work afterwards."""
    process = begun(server)
    stopped = server.call("stop-deploy", "--reason=a rollback; $(id)")
    assert (stopped.code, server.busy(), server.processes("deploy-it")) == (0, False, []), stopped
    assert process.ended().code == 143
    assert server.said()["stopped_by"].endswith(": a rollback; $(id)")
    assert "stopped: " in (server.home / "lease.log").read_text()
    assert server.call("stop-deploy").code == 3


def test_a_laptop_stops_a_deploy(dash: Server, link: SshTransport) -> None:
    """As fab rollback --stop-deploy does; said again it finds nothing to do; for what is no deploy it refuses."""
    process = begun(dash)
    run = dash.last()["run"]
    stop_deploy(link, str(dash.home), run, who="eve@laptop", reason="1.1 is broken")
    assert dash.busy() is False
    assert process.ended().code == 143
    assert dash.said()["stopped_by"] == "eve@laptop: 1.1 is broken"
    stop_deploy(link, str(dash.home), run, who="eve@laptop", reason="again")
    for unknown in ("20990101T000000Z-deploy-beef", "20990101T000000Z-rollback-beef", "-"):
        with pytest.raises(Refused):
            stop_deploy(link, str(dash.home), unknown, who="eve@laptop", reason="x")


def test_a_laptop_cannot_stop_what_was_left_behind(dash: Server, link: SshTransport) -> None:
    """A process outside of the script's group goes on: 4, and it is named."""
    _, said = dash.deploy("setsid sleep 986 &")
    with pytest.raises(Busy, match=r"at work still: \d+ sleep 986"):
        stop_deploy(link, str(dash.home), said["run"], who="eve@laptop", reason="x")
    end_sleep("986")


def test_a_deploy_whose_guard_was_killed_is_stopped(dash: Server) -> None:
    """The script lives on without its guard: it is ended all the same."""
    process = begun(dash)
    os.kill(dash.guardian(), signal.SIGKILL)
    assert process.ended().code == 8
    assert dash.busy()
    assert dash.call("stop-deploy").code == 0
    assert (dash.busy(), dash.processes("deploy-it")) == (False, [])


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_script_that_became_root_is_not_gone(shell: str) -> None:
    """What runs as somebody else, as after sudo, cannot be signalled: it is there all the same."""
    stop = (Path(hummii_ops.__file__).parent / "host/guard/stop.sh").read_text()
    asker = 65534 if os.geteuid() == 0 else None

    def gone(group: int) -> bool:
        line = f"{stop}\ngroup_is_gone {group}"
        return subprocess.run([shell, "-c", line], user=asker, check=False).returncode == 0

    assert not gone(group_of_root())
    with subprocess.Popen(["true"], start_new_session=True) as ended:
        ended.wait()
    assert gone(ended.pid)


def group_of_root() -> int:
    """The group of some process of root's: there is one on each machine."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            group = os.getpgid(int(entry.name))
            if entry.stat().st_uid == 0 and group > 1:
                return group
    raise AssertionError("no process of root's can be seen here")


def test_a_script_that_does_not_listen(dash: Server) -> None:
    """After 15 seconds it is made to end."""
    process = begun(dash, "trap '' TERM")
    assert dash.call("stop-deploy").code == 0
    assert process.ended().code == 137


def test_a_child_that_stays(server: Server) -> None:
    """A process that the script leaves behind keeps the lock: it is said, and nobody else acts until it has ended."""
    ended, said = server.deploy("setsid sleep 987 &")
    assert (ended.code, said["left_behind"], said["state"]) == (0, True, "ended"), ended
    assert "left a process behind" in ended.out
    refused = server.call("with-lease", "--", "true")
    assert (refused.code, said["run"] in refused.err) == (4, True), refused
    stays = server.call("stop-deploy", limit_s=90)
    assert (stays.code, "sleep 987" in stays.err) == (4, True), stays
    end_sleep("987")
    wait_for(lambda: not server.busy())
    assert server.call("with-lease", "--", "true").code == 0


def end_sleep(seconds: str) -> None:
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if cmdline.read_text() == f"sleep\0{seconds}\0":
                os.kill(int(cmdline.parent.name), signal.SIGKILL)
