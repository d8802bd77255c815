"""Who is let in by the guard of deploys: holds, marks, runs that did not end, one after the other."""

from __future__ import annotations

import time

from guard_rig import begun
from guarded import Server
from host_tools import wait_for


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
