"""target.sh on this machine: what Compose says of a release, and that it quotes no file."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from facts_place import DOCKER, NAME, SECRET, a_read, run
from facts_stacks import image_id

from hummii_ops.facts.reading.parse_docker import refusal
from hummii_ops.facts.reading.parse_target import parse_target
from hummii_ops.facts.reading.read import script


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
