"""read.sh and expect.sh on this machine under dash and bash, with a docker that answers from files."""

from __future__ import annotations

import base64
import json
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from facts_stacks import container, digest, image_id

from hummii_ops.errors import Unreachable
from hummii_ops.facts.parse import parse
from hummii_ops.facts.parse_docker import refusal
from hummii_ops.facts.parse_target import parse_target
from hummii_ops.facts.read import read, read_arguments, script
from hummii_ops.facts.releases import releases
from hummii_ops.facts.snapshot import Snapshot, expectation_text
from hummii_ops.inventory.models import Environment
from hummii_ops.transport.fake import FakeTransport
from hummii_ops.transport.protocol import Result

NAME = "docker-compose.prod.yml.backup-"
SECRET = "s3cret-value"
CONTAINER = {
    "Id": "a" * 64,
    "Name": "/hummii-api-1",
    "Image": image_id("x"),
    "Ref": "x:1",
    "Created": "2026-01-02T03:04:05.123456789Z",
    "RestartCount": 2,
    "Status": "running",
    "StartedAt": "2026-01-02T03:04:06Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
    "Health": None,
    "Healthcheck": {"Test": "CMD", "Interval": 2_000_000_000, "Timeout": 0, "StartPeriod": 0, "Retries": 0},
    "Labels": {"service": "api", "project": "hummii", "number": "1", "oneoff": "False"},
}
DOCKER = """#!/bin/sh
case "$*" in
  'ps -aq'*) echo "$ID" ;;
  ps*) echo "$ID x:1 " ;;
  'inspect'*Status*Id*|inspect*Resolv*) cat "$ANSWERS/container" ;;
  inspect*) echo "container api $ID $IMAGE restarting" ;;
  version*) echo '{"Client":{"Version":"28"},"Server":{"Version":"27","ApiVersion":"1.47"}}' ;;
  'compose version'*) echo v2.26.1 ;;
  *config*) cat >/dev/null; echo 'services: {}' ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project folder with an env file full of secrets, hostile backups, a lease and runs."""
    top = tmp_path / "hummii"
    backups = top / "backups"
    backups.mkdir(parents=True)
    (top / "docker-compose.prod.yml").write_text("services:\n  api:\n    image: api:${TAG}\n    env_file: .env\n")
    (top / ".env").write_text(
        f'# c\nTAG="1.0" # x\nexport PASSWORD={SECRET}\nKEY="-----\nHIDDEN={SECRET}\nabc=\n-----"\nLAST=1\n'
    )
    for stamp in ("20260115_103000", "-rf", "new\nline", "with space", "$(id)", "ünï"):
        (backups / f"{NAME}{stamp}").write_text("services:\n  api:\n    image: api:1.0\n")
    (backups / f"{NAME}20260116_000000").symlink_to("/etc/passwd")
    (backups / f"{NAME}20260117_000000").mkdir()
    (backups / f"{NAME}big").write_text("x" * 300_000)
    record = backups / f"{NAME}20260115_103000.release" / "files"
    record.mkdir(parents=True)
    (record / ".env").write_text("then")
    (record.parent / "record.json").write_text('{"schema":')
    ours = top / ".hummii-ops"
    (ours / "marks").mkdir(parents=True)
    (ours / "lease").write_text("run=R\nwho=a=b\nsince=1768473000000\nhosts=one two\n\x1b[2Jx\n")
    (ours / "marks" / ("f" * 64)).write_text("mark=bad\nreason=$(id)\n")
    for number in range(13):
        run = ours / "runs" / f"2026010{number // 10}T00000{number % 10}Z-rollback-000{number % 10}"
        run.mkdir(parents=True)
        (run / "about").write_text("task=rollback\nto=x\n")
        (run / "state").write_text("mixed\n" if number == 0 else "done\n")
    return top


def environment(place: Path) -> Environment:
    """An environment whose project is that folder, and that asks no URL."""
    return Environment.model_validate(
        {
            "name": "lab",
            "hosts": [{"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}],
            "project_dir": str(place),
            "health": {"inside": None},
        }
    )


def run(shell: str, text: str, *arguments: str, place: Path, docker: str | None = DOCKER) -> bytes:
    """The answer of a script under a shell, with that docker in front of the real one."""
    tools = place.parent / "tools"
    tools.mkdir(exist_ok=True)
    if docker is not None:
        (tools / "docker").write_text(docker)
        (tools / "docker").chmod(0o755)
    (tools / "container").write_text(json.dumps(CONTAINER))
    done = subprocess.run(
        [shell, "-s", "--", *arguments],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        env={
            "PATH": f"{tools}:/usr/bin:/bin",
            "ANSWERS": str(tools),
            "ID": "a" * 64,
            "IMAGE": image_id("x"),
            "TZ": "Europe/Berlin",
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_read(place: Path, shell: str = "dash", docker: str = DOCKER) -> tuple[bytes, Snapshot]:
    """One read of the folder."""
    answer = run(shell, script("read.sh"), *read_arguments(environment(place)), place=place, docker=docker)
    return answer, parse(answer, environment(place), host_name="lab-1")


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
    text = (Path(__file__).parents[3] / "hummii_ops/facts/expect.sh").read_text() + '\nexpectation "$@"\n'
    files = ("docker-compose.prod.yml", ".env", "with space", "gone", "/etc/hostname")
    (place / "with space").write_text("x")
    answer = run(shell, text, "hummii", str(place), *files, place=place)
    api = container("api", "x", id="a" * 64, status="running")
    sums = {one: digest((place / one).read_text()) if (place / one).is_file() else None for one in files}
    assert answer.decode() == expectation_text(sums, [api])


def test_the_target_is_what_compose_says_and_differences_are_names(place: Path) -> None:
    """The resolved configuration stays on the host; of env files that differ come the names alone."""
    record = place / "backups" / f"{NAME}20260115_103000.release"
    (record / "files" / ".env").write_text(f"TAG=1.0\nPASSWORD=old-{SECRET}\nGONE=1\n")
    docker = f"""#!/bin/sh
case "$*" in
  'image inspect'*) echo '{{"Id":"{image_id("x")}","RepoTags":["api:1.0"]}}'; exit 1 ;;
  *--hash*) if grep -q depends_on; then echo api {"a" * 64}; else echo api {"b" * 64}; fi ;;
  *) echo 'warning: services:' >&2
     printf '%s\n' 'name: x' services: '  api:' '    depends_on:' '      db:' '        condition: x' \
       '    environment:' '      P: {SECRET}' '      image: no' '    image: api:1.0' '  db:' '    image: api:2.0' \
       '  built:' '    build:' '      context: .' '    profiles:' '      - jobs' \
       networks: '  default:' '    image: no' ;;
esac
"""
    backup = str(place / "backups" / f"{NAME}20260115_103000")
    arguments = (str(place), "hummii", backup, f"{backup}.release", "env:.env")
    for shell in ("dash", "bash"):
        answer = run(shell, script("target.sh"), *arguments, place=place, docker=docker)
        found = parse_target(answer, host_name="lab-1")
        assert found.error is None
        assert base64.b64encode(SECRET.encode())[:8] not in answer
        assert SECRET not in repr(found)
        assert found.services == {"api": "api:1.0", "db": "api:2.0", "built": ""}
        assert found.optional == {"built"}
        assert found.config_hashes == {"api": {"a" * 64, "b" * 64}}
        assert found.env_differs == {"added": ("KEY", "LAST"), "changed": ("PASSWORD", "TAG"), "removed": ("GONE",)}


def test_a_target_that_compose_refuses_is_an_error_in_its_words(place: Path) -> None:
    """A variable that is missing makes `config` fail: the words arrive, and nothing else."""
    docker = "#!/bin/sh\necho 'required variable X is missing a value' >&2\nexit 15\n"
    arguments = (str(place), "hummii", "/gone", "/gone.release")
    answer = run("dash", script("target.sh"), *arguments, place=place, docker=docker)
    assert parse_target(answer, host_name="lab-1").error == "required variable X is missing a value"


# What Compose says (2.26.1, older and newer) of `DB PASS+WORD=hunter2` or `X="hunter2` in .env, and of a compose file.
QUOTES = [
    'failed to read /x/.env: line 2: unexpected character "+" in variable name near "DB PASS+WORD=hunter2\\nB=1"',
    'failed to read /x/.env: line 2: unexpected character "+" in variable name near "DB PASS+WORD=hunter2\nB=1\n"',
    'failed to read /opt/hummii/.env: line 2: unexpected character " " in variable name "DB PASS+WORD=hunter2"',
    'failed to read /opt/hummii/.env: line 1: unterminated quoted value "hunter2',
    "failed to read /opt/hummii/.env: line 1: unterminated quoted value 'hunter2",
    'invalid interpolation format for services.api.X: "a${hunter2". You may need to escape any $ with another $',
    "invalid interpolation format for services.a.X. You may need to escape any $ with another $.\na${hunter2 hunter2",
    "yaml: unmarshal errors: line 3: cannot unmarshal !!str `hunter2` into map[string]interface {}",
    "1 error(s) decoding: * 'x' expected type 'int', got unconvertible type 'string', value: 'hunter2 y'",
    "invalid proto: tcp at postgres://u:hunter2@db/x, PASSWORD=hunter2",
]


@pytest.mark.parametrize("said", QUOTES)
def test_the_words_of_compose_quote_no_file(said: str) -> None:
    """A refusal may quote the rest of an env file, or a value: it is said without."""
    found = refusal(said)
    assert found.startswith(said[:16])
    assert "hunter2" not in found
    assert "***" in found


def test_no_quote_of_an_env_file_arrives(place: Path) -> None:
    """Neither the snapshot nor the target's facts have what Compose quoted of .env."""
    (place / "said").write_text(QUOTES[1])
    docker = DOCKER.replace("  *config*) ", f'  *config*) cat "{place}/said" >&2; exit 1; ')
    _, seen = a_read(place, docker=docker)
    arguments = (str(place), "hummii", "/gone", "/gone.release")
    target = parse_target(run("dash", script("target.sh"), *arguments, place=place, docker=docker), host_name="lab-1")
    expected = 'failed to read /x/.env: line 2: unexpected character "+" in variable name near ***'
    assert (seen.compose.config_error, target.error) == (expected, expected)


def test_the_words_of_compose_still_say_why(place: Path) -> None:
    """Names stay, warnings go, and 300 characters are enough."""
    said = (
        'time="2026-01-01T00:00:00Z" level=warning msg="The \\"X\\" variable is not set"',
        'service "api" refers to undefined network "back-end": invalid compose project',
    )
    words = " ".join(f"'{line}'" for line in said)
    arguments = (str(place), "hummii", "/gone", "/gone.release")
    for docker, expected in (
        (f"#!/bin/sh\nprintf '%s\\n' {words} >&2\nexit 15\n", said[1]),
        ("#!/bin/sh\nprintf '%0400d' 1 >&2\nexit 15\n", "0" * 300),
    ):
        answer = run("dash", script("target.sh"), *arguments, place=place, docker=docker)
        assert parse_target(answer, host_name="lab-1").error == expected
