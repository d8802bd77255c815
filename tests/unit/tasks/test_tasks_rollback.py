"""What fab rollback says no to before it asks: a release that is not there, hosts that would not go to the same one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from facts_stacks import snapshot
from made_runs import a_plan, a_state

from hummii_ops.errors import HummiiError, Interrupted, Refused
from hummii_ops.facts.snapshot import ProjectDir
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.work import Options
from hummii_ops.tasks.call.ahead import Ahead
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.code.going_back import CodeWish, go_back, one_choice, saying_what_was_ended
from hummii_ops.tasks.database.both_plans import Wish
from hummii_ops.tasks.database.bring_back import bring_back
from hummii_ops.transport import LocalTransport, endpoint_of

ROOT = Path(__file__).resolve().parents[3]
INVENTORY = """
environments:
  lab:
    database: {service: postgres, name: hummii, user: hummii}
    hosts:
      - {name: lab-1, address: 127.0.0.1, port: 1, user: deploy}
"""


def plan(host: str, label: str, identity: str | None) -> Plan:
    state = a_state(label, identity=identity, release_id="20260101_000000")
    return a_plan(host=host, left=state, target=state)


@pytest.mark.parametrize("second", [("1.0", "bb"), ("0.9", "cc"), ("0.9", None)])
def test_hosts_that_choose_for_themselves_choose_alike(second: tuple[str, str | None]) -> None:
    """--latest that means two releases is refused (3), with each host's choice and how to say which."""
    with pytest.raises(Refused) as refused:
        one_choice([plan("h-1", "1.0", "aa"), plan("h-2", *second)])
    assert "h-1: 1.0" in refused.value.what
    assert f"h-2: {second[0]}" in refused.value.what
    assert "--to=" in refused.value.remedy
    assert "--limit=" in refused.value.remedy


def test_one_release_is_one_choice() -> None:
    """By what the release is; where that cannot be named, by its label."""
    one_choice([plan("h-1", "1.0", "aa"), plan("h-2", "1.0", "aa")])
    one_choice([plan("h-1", "1.0", None), plan("h-2", "1.0", None)])


def site() -> Site:
    """A host that was read just now: nothing is kept there."""
    host = {"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}
    database = {"service": "postgres", "name": "hummii", "user": "hummii"}
    environment = Environment.model_validate({"name": "lab", "hosts": [host], "database": database})
    project = ProjectDir(path="/opt/hummii", exists=True, writable=True, state_writable=True)
    seen = snapshot(host_name="lab-1", project_dir=project)
    return Site(
        environment=environment,
        host=environment.hosts[0],
        endpoint=endpoint_of(environment, environment.hosts[0]),
        transport=LocalTransport(),
        begun=Ahead(lambda: seen),
    )


def test_a_release_that_is_not_there_is_said_before_anything_is_asked() -> None:
    """Also where nobody could answer: not first how to be asked nothing, and then that there is no such release."""
    with pytest.raises(Refused, match=r"there is no release 9\.9"):
        go_back(CodeWish(to="9.9"), [site()])
    with pytest.raises(Refused, match=r"there is no release 9\.9"):
        bring_back(Wish(backup="latest", to="9.9", options=Options()), [site()])


def test_a_database_that_goes_back_alone_is_refused_before_its_backup_is_read() -> None:
    """Nobody could type its name: said before a backup is read whole, which may take minutes."""
    with pytest.raises(Refused, match="no terminal to ask on"):
        bring_back(Wish(backup="latest", options=Options()), [site()])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rollback", "--to=1.0"], "lab-1"),
        (["rollback", "--to=1.0", "--with-db=latest"], "lab-1"),
        (["rollback-db", "--backup=latest", "--to=1.0"], "lab-1"),
        (["rollback", "--to=1.0", "--wait=60"], "no terminal to ask on"),
        (["rollback", "--latest"], "no terminal to ask on"),
        (["rollback-db", "--backup=latest"], "no terminal to ask on"),
    ],
)
def test_a_release_that_is_named_is_looked_for_first(words: list[str], said: str, tmp_path: Path) -> None:
    """On the host, before the question; where nothing is named, or would be waited for, no host is asked (3)."""
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    fab = str(Path(sys.executable).with_name("fab"))
    done = subprocess.run(
        [fab, f"--search-root={ROOT}", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"HUMMII_INVENTORY": str(tmp_path / "inventory.yml"), "HUMMII_ENV": "lab"},
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, said in done.stderr.splitlines()[0]) == (3, True), done.stderr


@pytest.mark.parametrize("error", [Refused("it cannot serve it; nothing was changed (why)"), KeyboardInterrupt()])
def test_what_was_ended_for_a_rollback_that_did_not_begin_is_said(error: BaseException) -> None:
    """A deploy that was ended is a change, however the call ends after it; without one the words are as they were."""
    with pytest.raises(HummiiError) as told, saying_what_was_ended(["deploy D of a@b, for 3 s"]):
        raise error
    assert told.value.what.endswith("; deploy D of a@b, for 3 s was ended for this rollback, and stays ended")
    assert "nothing was changed" not in told.value.what
    assert isinstance(told.value, Interrupted if isinstance(error, KeyboardInterrupt) else Refused)
    plain = Refused("no; nothing was changed")
    with pytest.raises(Refused, match="nothing was changed"), saying_what_was_ended([]):
        raise plain
