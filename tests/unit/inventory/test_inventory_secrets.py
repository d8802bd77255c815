"""A secret shows itself to no one, and is fetched only from where the inventory says it is."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hummii_ops.errors import UsageError
from hummii_ops.inventory import FromCommand, FromEnv, FromFile, Secret, json_schema, load, resolve, resolved

VALUE = "hunter2-hunter2"


class Holder(BaseModel):
    secret: Secret


def test_a_secret_masks_itself_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    """str, repr, format, join, %-formatting, JSON, pydantic and a log line all show `***`."""
    secret = Secret(VALUE)
    logging.getLogger("x").warning("%s %r", secret, secret)
    shown = [
        str(secret),
        repr(secret),
        f"{secret} {secret!r} {secret:>20}",
        "%s %r" % (secret, secret),  # noqa: UP031  this form is what is tested
        " ".join([secret, secret]),
        secret + "",
        json.dumps({"a": secret, "b": [secret]}),
        repr([secret]),
        repr(Holder(secret=secret)),
        Holder(secret=secret).model_dump_json(),
        repr(Holder(secret=secret).model_dump()),
        repr(copy.deepcopy([secret])),
        caplog.text,
    ]
    for text in shown:
        assert VALUE not in text
        assert "***" in text
    assert secret.reveal() == VALUE


@given(value=st.text(min_size=1))
def test_a_secret_is_its_value_only_when_revealed(value: str) -> None:
    """Equal by value, never by its mask; a plain text never equals it."""
    assert Secret(value).reveal() == value
    assert Secret(value) == Secret(value)
    assert hash(Secret(value)) == hash(Secret(value))
    assert Secret(value) != Secret(value + "x")
    assert Secret(value) != value
    assert Secret(value) != "***"


def test_a_secret_is_not_pickled_and_does_not_change() -> None:
    """It cannot reach a file by accident."""
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))
    with pytest.raises(AttributeError):
        Secret(VALUE)._value = "x"
    assert copy.copy(Secret(VALUE)).reveal() == VALUE


def test_a_variable_gives_its_value() -> None:
    """{env: NAME} reads the variable; an unset or empty one exits 2 and names it."""
    assert resolve(FromEnv(env="TOKEN"), environ={"TOKEN": VALUE}).reveal() == VALUE
    for environ in ({}, {"TOKEN": ""}):
        with pytest.raises(UsageError, match="TOKEN is not set") as caught:
            resolve(FromEnv(env="TOKEN"), environ=environ)
        assert caught.value.remedy


def test_a_file_gives_its_content(tmp_path: Path) -> None:
    """{file: PATH} reads the file without its last line break, and only that one."""
    file = tmp_path / "token"
    for content, value in [
        (f"{VALUE}\n", VALUE),
        (f"{VALUE}\r\n", VALUE),
        (f" {VALUE} \n\n", f" {VALUE} \n"),
    ]:
        file.write_bytes(content.encode())
        assert resolve(FromFile(file=file)).reveal() == value


def test_a_file_that_gives_nothing_is_refused(tmp_path: Path) -> None:
    """No file, an empty one, a folder, bytes that are no text: exit 2, with the path."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(VALUE.encode() + b"\xff")
    for name in ("none", "empty", ".", "bytes"):
        with pytest.raises(UsageError, match=str(tmp_path)) as caught:
            resolve(FromFile(file=tmp_path / name))
        assert VALUE not in "".join(traceback.format_exception(caught.value))


def python(program: str) -> FromCommand:
    return FromCommand(command=(sys.executable, "-c", program))


def test_a_command_gives_what_it_prints() -> None:
    """{command: […]} runs without a shell and without input; one line break at the end is cut."""
    assert resolve(python(f"print('{VALUE}')")).reveal() == VALUE
    assert resolve(python("import sys; print(repr(sys.stdin.read()))")).reveal() == "''"
    assert resolve(FromCommand(command=("echo", "$(id); *"))).reveal() == "$(id); *"


@pytest.mark.parametrize(
    "program",
    [
        f"print('{VALUE}'); raise SystemExit(3)",
        f"import sys; print('{VALUE}', file=sys.stderr)",
        f"import sys; sys.stdout.buffer.write(b'{VALUE}' + bytes([255]))",
        f"print('{VALUE}', flush=True); import time; time.sleep(60)",
    ],
    ids=["fails", "prints-nothing", "not-text", "hangs"],
)
def test_a_command_that_fails_shows_nothing(program: str) -> None:
    """Neither its output nor its arguments reach the message or the traceback."""
    with pytest.raises(UsageError) as caught:
        resolve(python(program), limit_s=1 if "sleep" in program else 30)
    shown = "".join(traceback.format_exception(caught.value))
    assert VALUE not in shown.replace(program, "")
    assert VALUE not in caught.value.what + caught.value.remedy
    assert sys.executable in caught.value.what


def test_a_command_that_does_not_exist_is_named() -> None:
    """A program that is not installed is a message, not a traceback."""
    with pytest.raises(UsageError, match="no-such-program"):
        resolve(FromCommand(command=("no-such-program", VALUE)))


INVENTORY = f"""environments:
  production:
    hosts: [{{name: a, address: a, identity_file: id}}]
    health: {{inside: "http://127.0.0.1/health?token={VALUE}", path: "/up?token={VALUE}"}}
    secrets:
      from-env: {{env: TOKEN}}
      from-file: {{file: token}}
      from-command: {{command: [curl, --user, {VALUE}]}}
      bare-command: {{command: [get-token]}}
"""


def test_show_masks_and_fills_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config.show` is JSON with every default, absolute paths, and no secret."""
    monkeypatch.setenv("TOKEN", VALUE)
    (tmp_path / "token").write_text(VALUE)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    shown = resolved(load(tmp_path / "inventory.yml").choose("production"))
    assert VALUE not in json.dumps(shown)
    assert shown["secrets"] == {
        "from-env": {"env": "TOKEN", "value": "***"},
        "from-file": {"file": str(tmp_path / "token"), "value": "***"},
        "from-command": {"command": ["curl", "***"], "value": "***"},
        "bare-command": {"command": ["get-token"], "value": "***"},
    }
    assert shown["health"]["inside"] == "http://127.0.0.1/health?***"
    assert shown["hosts"][0]["identity_file"] == str(tmp_path / "id")
    assert (shown["name"], shown["keep_runs"]) == ("production", 50)
    assert set(shown) == set(json_schema()["$defs"]["Environment"]["properties"]) | {"name"}


def test_a_literal_secret_is_refused_without_being_shown() -> None:
    """The problem has the place and the right way to write it, and not the value (case `secrets`)."""
    problems = (Path(__file__).parent / "cases/secrets.problems").read_text()
    assert "inventory.yml:6:16 environments.production.secrets.literal: a secret is never written here" in problems
    assert "hunter2" not in problems
