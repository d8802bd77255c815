"""A guarded deploy that is cut or stopped: by a signal, a lost link, a laptop; and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from guard_rig import begun
from guarded import Server
from host_tools import wait_for

import hummii_ops
from hummii_ops.errors import Busy, Refused
from hummii_ops.run.stop_deploy import stop_deploy
from hummii_ops.transport import SshTransport


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
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cmdline").read_text() == f"sleep\0{seconds}\0":
                os.kill(int(entry.name), signal.SIGKILL)
