"""The guard of deploys, over a real sshd: what a job is told of its deploy, whatever became of it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from guard_rig import begun
from guarded import Server
from host_tools import wait_for

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
