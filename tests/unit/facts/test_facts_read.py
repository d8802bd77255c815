"""read.sh and expect.sh on this machine under dash and bash, with a docker that answers from files."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from facts_place import SECRET, a_read, environment, run
from facts_stacks import container, digest

from hummii_ops.errors import Unreachable
from hummii_ops.facts.reading.parse import parse
from hummii_ops.facts.reading.read import read
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import expectation_text
from hummii_ops.transport.fake import FakeTransport
from hummii_ops.transport.protocol import LinkLost, Result


def everything(place: Path) -> dict[str, tuple[int, int]]:
    """Every path with its size and time of change."""
    return {str(one): (one.lstat().st_size, one.lstat().st_mtime_ns) for one in sorted(place.rglob("*"))}


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_one_read_tells_what_is_there_and_changes_nothing(place: Path, shell: str) -> None:
    """Files, claims, runs, engine and containers arrive as values; the folder is as it was."""
    before = everything(place)
    _, seen = a_read(place, shell)
    assert everything(place) == before
    assert seen.compose.sha256 == digest((place / "docker-compose.prod.yml").read_text())
    assert (seen.engine.server_version, seen.engine.compose_version) == ("27", "2.26.1")
    (api,) = seen.containers
    assert (api.service, api.restart_count, api.created_at.microsecond, api.finished_at) == (
        "api",
        2,
        123456,
        None,
    )
    assert api.healthcheck is not None
    assert (api.healthcheck.interval_s, api.healthcheck.timeout_s, api.healthcheck.retries) == (2, 30, 3)
    assert seen.lease is not None
    assert (seen.lease.run, seen.lease.who, seen.lease.hosts) == ("R", "a=b", ("one", "two"))
    assert seen.marks["f" * 64].reason == "$(id)"
    assert len(seen.runs) == 13
    assert seen.unfinished_run == seen.runs[-1]
    assert ".env" in seen.present
    assert seen.host.zone == "Europe/Berlin"
    assert seen.disks[0].path == str(place)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_where_the_run_with_the_lease_stands(place: Path, shell: str) -> None:
    """The end of its journal as it is, and how long its gate waits; of a hostile lease nothing."""
    ours = place / ".hummii-ops"
    run = ours / "runs" / "20260101T000001Z-rollback-0001"
    (run / "forward").mkdir()
    (run / "forward" / "confirmed-outside.sh").write_text(
        "holds() { gate_says outside go keep; }\nact() { ask_gate outside 60 keep; }\n"
    )
    (run / "journal.jsonl").write_text("".join(f'{{"t":{number}}}\n' for number in range(50)))
    (ours / "lease").write_text(f"run={run.name}\nwho=x\n")
    _, seen = a_read(place, shell)
    assert seen.gate_s == 60
    assert seen.journal.splitlines()[-1] == '{"t":49}'
    assert len(seen.journal.splitlines()) == 20
    (ours / "lease").write_text(f"run=../runs/{run.name}\n")
    _, seen = a_read(place, shell)
    assert (seen.journal, seen.gate_s) == ("", None)


def test_no_value_but_an_images_leaves_the_host(place: Path) -> None:
    """Of .env come the names, and TAG's value; nothing of the others, nor of a value in several lines."""
    answer, seen = a_read(place)
    (env,) = seen.files
    assert env.names == ("TAG", "PASSWORD", "KEY", "LAST")
    assert env.values == {"TAG": "1.0"}
    assert env.mode == oct((place / ".env").stat().st_mode & 0o777)[2:]
    assert SECRET.encode() not in answer
    assert b64encode(SECRET.encode())[:-4] not in answer
    assert "1.0" not in repr(env)


def test_every_backup_is_listed_and_none_can_harm(place: Path) -> None:
    """Spaces, line breaks, flags, links, folders and giants: each is there, with its kind or its reason."""
    _, seen = a_read(place)
    found = {one.id: one for one in releases(seen, environment(place))}
    assert set(found) == {
        "20260115_103000",
        "-rf",
        "new\nline",
        "with space",
        "$(id)",
        "ünï",
        "20260116_000000",
        "20260117_000000",
        "big",
    }
    assert found["20260116_000000"].reasons == ("it is a symbolic link, not a compose file",)
    assert found["20260117_000000"].reasons == ("it is a folder, not a compose file",)
    assert "larger than 256 KiB" in found["big"].reasons[0]
    assert found["20260115_103000"].reasons[0].startswith("its record cannot be used")
    assert found["20260115_103000"].at is not None
    assert found["20260115_103000"].at.hour == 9  # the host is in Berlin


def test_the_lock_is_seen_held_and_never_made(place: Path) -> None:
    """busy.lock is looked at only where it exists, and free again after the look."""
    assert not a_read(place)[1].busy
    lock = place / ".hummii-ops" / "busy.lock"
    assert not lock.exists()
    lock.touch()
    assert not a_read(place)[1].busy
    with subprocess.Popen(["flock", str(lock), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"x\n")
        holder.stdin.flush()
        holder.stdout.readline()
        assert a_read(place)[1].busy
        holder.stdin.close()


def test_a_deploy_behind_a_link_is_seen(place: Path) -> None:
    """The inventory may name a link to the folder; a process says where it stands without links."""
    (place.parent / "link").symlink_to(place)
    deploy = place / "deploy.sh"
    deploy.write_text("#!/bin/sh\nread -r _\n")
    deploy.chmod(0o755)
    with subprocess.Popen(["./deploy.sh"], cwd=place, stdin=subprocess.PIPE) as working:
        (found,) = a_read(place.parent / "link")[1].at_work
        assert found.pid == working.pid
        working.communicate(b"\n")


def test_a_docker_that_does_not_answer_is_said(place: Path) -> None:
    """The snapshot has everything else, and docker's own words; who needs docker is refused with a remedy."""
    answer, seen = a_read(place, docker="#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    assert (seen.engine.answers, seen.engine.error) == (False, "Cannot connect to the Docker daemon")
    assert len(seen.backups) == 9
    host = FakeTransport(lambda script, arguments: Result(exit_code=0, stdout=answer, stderr=b""), name="lab-1")
    assert read(host, environment(place)).lease is not None
    with pytest.raises(Unreachable, match="Cannot connect") as raised:
        read(host, environment(place), needs_docker=True)
    assert raised.value.remedy


def test_noise_is_not_an_answer_and_half_an_answer_is_none(place: Path) -> None:
    """A login script may print; a cut anywhere is Unreachable, never a smaller truth."""
    answer, seen = a_read(place)
    noisy = b"Welcome!\n@hummii lease 0 bm90\xff\n" + answer + b"\nbye"
    assert parse(noisy, environment(place), host_name="lab-1") == seen
    for share in (0.0, 0.2, 0.5, 0.9, 0.999):
        with pytest.raises(Unreachable):
            parse(answer[: int(len(answer.rstrip()) * share)], environment(place), host_name="lab-1")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_host_makes_the_same_text_of_its_facts(place: Path, shell: str) -> None:
    """expect.sh and Snapshot.expectation_text agree to the byte; a crash loop counts as running."""
    text = (Path(__file__).parents[3] / "hummii_ops/facts/reading/expect.sh").read_text() + '\nexpectation "$@"\n'
    files = ("docker-compose.prod.yml", ".env", "with space", "gone", "/etc/hostname")
    (place / "with space").write_text("x")
    answer = run(shell, text, "hummii", str(place), *files, place=place)
    api = container("api", "x", id="a" * 64, status="running")
    sums = {one: digest((place / one).read_text()) if (place / one).is_file() else None for one in files}
    assert answer.decode() == expectation_text(sums, [api])


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (LinkLost("gone"), "fake: the link was lost while the host was read; nothing was changed there"),
        (LinkLost("late", limit_s=45), "fake: no answer came within 45 s while the host was read; nothing was changed"),
    ],
)
def test_a_host_that_is_too_slow_is_not_a_lost_link(place: Path, lost: LinkLost, said: str) -> None:
    """Who hears of a lost link looks at the Wi-Fi; the host may be out of memory instead."""

    def answer(_script: str, _args: tuple[str, ...]) -> Result:
        raise lost

    with pytest.raises(Unreachable) as error:
        read(FakeTransport(answer), environment(place))
    assert error.value.what.startswith(said)
