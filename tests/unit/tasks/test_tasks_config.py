"""config.check, config.show and config.schema: what they say of an inventory, and with which exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hummii_ops.errors import ExitCode
from hummii_ops.tasks.call.frame import answer
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.setup import config

GOOD = """\
environments:
  production:
    hosts: [{name: prod-1, address: server.example.com, user: deploy}]
    secrets: {token: {env: TOKEN}, other: {command: [pass, show, hummii/very-secret]}}
"""


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "inventory.yml"
    monkeypatch.setenv("HUMMII_INVENTORY", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HUMMII_ENV", raising=False)
    path.write_text(GOOD)
    return path


def said(task: Any, **flags: Any) -> Reply:
    """The reply of a task, as its frame makes it."""
    return answer("config", task.body.__wrapped__, None, flags)


def page(reply: Reply) -> str:
    stream = io.StringIO()
    reply.show(Console(file=stream, highlight=False, soft_wrap=True))
    return stream.getvalue()


def test_a_right_inventory(inventory: Path) -> None:
    """Nothing wrong: 0, with the environments' names."""
    reply = said(config.check)
    assert reply.exit_code is ExitCode.DONE
    assert reply.document()["environments"] == ["production"]
    assert reply.document()["problems"] == []


def test_every_mistake_at_once(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two mistakes and an include that is missing: 2, each with its place, for people and in JSON."""
    inventory.write_text(
        GOOD.replace("user: deploy", "prot: 22") + "    bogus: 1\n  lab: {include: .lab/lab/gone.yml}\n"
    )
    reply = said(config.check)
    assert reply.exit_code is ExitCode.USAGE
    problems = reply.document()["problems"]
    assert (problems[0]["line"], problems[0]["nearest"]) == (3, "port")
    assert [one["path"] for one in problems] == [
        "environments.production.hosts[0].prot",
        "environments.production.bogus",
        "environments.lab.include",
    ]
    page(reply)
    assert "3 mistakes" in capsys.readouterr().err
    json.dumps(reply.document())


def test_no_inventory(inventory: Path) -> None:
    """No file at all: 2, and how to begin."""
    inventory.unlink()
    reply = said(config.check)
    assert reply.exit_code is ExitCode.USAGE
    assert "fab init" in reply.document()["remedy"]


def test_show_fills_in_and_masks(inventory: Path) -> None:
    """Every default stands there, and what leads to a secret does not."""
    reply = said(config.show, env="production")
    values = reply.document()["values"]
    assert (values["project"], values["health"]["settle_s"]) == ("hummii", 10)
    shown = page(reply) + json.dumps(reply.document())
    assert "very-secret" not in shown
    assert "***" in page(reply)
    assert "project_dir: /opt/hummii" in page(reply)


def test_show_needs_a_choice(inventory: Path) -> None:
    """No environment is meant by itself: 2, naming them."""
    assert said(config.show).exit_code is ExitCode.USAGE


def test_the_schema_is_plain_on_stdout(inventory: Path) -> None:
    """For an editor: the schema and nothing else; with json it stands in our own document."""
    reply = said(config.schema)
    assert json.loads(page(reply))["$id"] == "hummii-ops/inventory/v1"
    assert reply.document()["json_schema"] == json.loads(page(reply))
