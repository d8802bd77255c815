"""Who is at work: command lines judged, ours and lookers left out, secrets masked."""

from __future__ import annotations

import pytest

from hummii_ops.facts.frames import Frame
from hummii_ops.facts.reading.processes import at_work, running


def seen(*lines: str, cwd: str = "/", pid: int = 100, parents: str = "1") -> Frame:
    """A `process` frame, as read.sh prints it."""
    head = f"{pid} {parents}\n5000\ndeploy\n{cwd}\n"
    return Frame(exit_code=0, data=(head + "\0".join(lines) + "\0").encode())


def judged(*found: Frame) -> list[str]:
    """The command lines that are at work on hummii in /opt/hummii."""
    named = at_work(
        running(found, uptime_s=110.0),
        project="hummii",
        project_dirs=("/opt/hummii", "/data/hummii-1"),
        compose_file="docker-compose.prod.yml",
        words=("deploy.sh", "make ship"),
    )
    return [one.args for one in named]


@pytest.mark.parametrize(
    ("argv", "cwd"),
    [
        ("docker compose -f docker-compose.prod.yml up -d", "/opt/hummii"),
        ("docker compose --project-directory /opt/hummii --profile x down", "/"),
        ("docker-compose -p hummii restart api", "/root"),
        ("docker compose --project-name=hummii pull", "/root"),
        ("/usr/libexec/docker/cli-plugins/docker-compose compose up", "/opt/hummii"),
        ("sudo docker compose -f /opt/hummii/docker-compose.prod.yml stop", "/"),
        ("/bin/sh ./deploy.sh 1.1", "/opt/hummii"),
        ("bash /opt/hummii/deploy.sh", "/"),
        ("make ship", "/opt/hummii"),
        ("docker compose up -d", ""),
        ("./deploy.sh", ""),
        ("./deploy.sh", "/data/hummii-1"),
        ("docker compose -f /data/hummii-1/docker-compose.prod.yml up -d", "/"),
    ],
)
def test_at_work(argv: str, cwd: str) -> None:
    """A change of this project, or one whose place nobody can see, is at work."""
    assert judged(seen(*argv.split(), cwd=cwd)) == [argv.replace("=hummii", "=***")]


@pytest.mark.parametrize(
    ("argv", "cwd"),
    [
        ("docker compose logs -f api", "/opt/hummii"),
        ("docker compose ps", "/opt/hummii"),
        ("docker compose -p hummii exec api sh", "/opt/hummii"),
        ("docker compose config --hash *", "/opt/hummii"),
        ("docker compose top", "/opt/hummii"),
        ("docker compose images", "/opt/hummii"),
        ("docker compose -p other up -d", "/opt/hummii"),
        ("docker compose up -d", "/opt/other"),
        ("docker compose up -d", "/opt/hummii2"),
        ("./deploy.sh", "/data/hummii-12"),
        ("docker compose -f /srv/x/compose.yml up", ""),
        ("./deploy.sh", "/opt/other"),
        ("vim /opt/hummii/deploy.sh", "/opt/hummii"),
        ("tail -f deploy.sh.log", "/opt/hummii"),
        ("/opt/hummii/predeploy.sh", "/opt/hummii"),
        ("sh -s -- /opt/hummii hummii docker-compose.prod.yml backups - env:.env word:deploy.sh", "/"),
        ("dockerd", "/"),
    ],
)
def test_not_at_work(argv: str, cwd: str) -> None:
    """Who looks, edits, reads as we do, or works elsewhere is not at work here."""
    assert judged(seen(*argv.split(), cwd=cwd)) == []


def test_a_script_in_one_argument_is_read() -> None:
    """`sh -c` with a deploy in its text is a deploy."""
    assert judged(seen("sh", "-c", "cd /opt/hummii && ./deploy.sh 1.1"))
    assert judged(seen("sh", "-c", "cd /opt/hummii; docker compose up -d"))


def test_our_own_runner_and_its_children_are_no_strangers() -> None:
    """What a run of ours started is not at work against it, however deep."""
    runner = seen("sh", "/opt/hummii/.hummii-ops/runs/R/lib/runner.sh", pid=50)
    child = seen("docker", "compose", "-p", "hummii", "up", pid=70, parents="60 50 1")
    assert judged(runner, child) == []
    assert judged(child)


def test_a_command_is_named_once() -> None:
    """`docker` and the plugin that it starts are one; the deploy that started both stands for them."""
    deploy = seen("sh", "deploy.sh", pid=50, cwd="/opt/hummii")
    docker = seen("docker", "compose", "up", pid=60, parents="50 1", cwd="/opt/hummii")
    plugin = seen("docker-compose", "compose", "up", pid=61, parents="60 50 1", cwd="/opt/hummii")
    assert judged(plugin, docker, deploy) == ["sh deploy.sh"]


def test_secrets_and_control_sequences_do_not_get_through() -> None:
    """No value after `=`, no password of a URL, no escape; the age comes from the host's uptime."""
    frame = seen("docker", "compose", "-p", "hummii", "run", "-e", "TOKEN=s3cret", "x", "pg://u:s3cret@h", "\x1b[2J")
    (found,) = at_work(
        running([frame], uptime_s=110.0), project="hummii", project_dirs=("/x", ""), compose_file="c", words=()
    )
    assert "s3cret" not in repr(found) + repr(running([frame], uptime_s=0))
    assert "\x1b" not in found.args
    assert (found.pid, found.user, found.age_s) == (100, "deploy", 60)


def test_nonsense_is_passed_over() -> None:
    """A frame that is cut or empty is no process."""
    assert judged(Frame(exit_code=0, data=b""), Frame(exit_code=0, data=b"1\n"), seen("")) == []


@pytest.mark.parametrize(
    "argv",
    [
        ("sh", "-c", "cd /opt/hummii && .hummii-ops/bin/hummii-host with-lease --wait=600 -- ./deploy.sh 1.2"),
        ("sh", "/opt/hummii/.hummii-ops/lib/0f/guard/guard.sh", "l", "d", "with-lease", "--", "./deploy.sh", "1.2"),
        ("sh", "/opt/hummii/.hummii-ops/lib/0f/guard/supervise.sh", "l", "d", "R", "--", "./deploy.sh", "1.2"),
    ],
)
def test_a_guard_of_deploys(argv: tuple[str, ...]) -> None:
    """One that waits changes nothing, and what one runs is known by its lease; a deploy without a guard is named."""
    guard = seen(*argv, cwd="/opt/hummii", pid=7)
    script = seen("/bin/sh", "./deploy.sh", "1.2", cwd="/opt/hummii", pid=8, parents="7 1")
    alone = seen("/bin/sh", "./deploy.sh", "1.3", cwd="/opt/hummii", pid=9)
    assert judged(guard, script) == []
    assert judged(guard, script, alone) == ["/bin/sh ./deploy.sh 1.3"]
