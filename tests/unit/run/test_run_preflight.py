"""Whether a run may begin: a judgement of what was read, with the line that mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from facts_stacks import container, snapshot

from hummii_ops.errors import Busy, HummiiError, Refused, Unreachable
from hummii_ops.facts.claims import Lease, RunFact
from hummii_ops.facts.snapshot import HostFact, Process, ProjectDir, Snapshot
from hummii_ops.facts.stack import EngineFact
from hummii_ops.run import preflight

WRITABLE = ProjectDir(path="/opt/hummii", exists=True, writable=True, state_writable=True, backups_writable=True)


def _free(**changes: Any) -> Snapshot:
    return snapshot(**({"project_dir": WRITABLE} | changes))


def _run(state: str) -> RunFact:
    return RunFact(
        run_id="20260301T110000Z-rollback-abcd",
        task="rollback",
        who="ops@laptop",
        reason="orders fail",
        since=None,
        from_release="1.1",
        to_release="1.0",
        from_identity="",
        to_identity="",
        state=state,
        state_at=None,
        outside=None,
    )


def _lease() -> Lease:
    return Lease(
        run=_run("").run_id, who="ops@laptop", task="rollback", reason="orders fail", since=None, hosts=("lab-1",)
    )


def test_a_free_stack_may_be_changed() -> None:
    """Nothing stands in the way of a run on a host that answers, can be written, and where nobody is at work."""
    preflight.check(_free())


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"engine": EngineFact(error="Cannot connect")}, Unreachable, ("docker does not answer", "systemctl")),
        ({"tools_missing": ("flock",)}, Refused, ("flock", "install")),
        ({"project_dir": ProjectDir(path="/opt/hummii")}, Refused, ("no /opt/hummii", "inventory.yml")),
        ({"project_dir": replace(WRITABLE, state_writable=False)}, Refused, ("cannot write", "chown")),
        (
            {"host": HostFact(user="deploy", ends_user_processes=True)},
            Refused,
            ("KillUserProcesses=yes", "KillExcludeUsers=root deploy"),
        ),
        ({"runs": (_run("forward"),)}, Refused, ("has not ended", "fab resume", "fab undo")),
        ({"runs": (_run("mixed"),)}, Refused, ("has not ended", "fab resume", "fab undo")),
        ({"runs": (_run("forward"),), "lease": _lease(), "busy": True}, Busy, ("ops@laptop", "orders fail", "--wait")),
        (
            {"at_work": (Process(pid=7, ppid=1, user="ci", age_s=40, args="sh ./deploy.sh"),)},
            Busy,
            ("pid 7", "user ci", "40 s", "deploy.sh"),
        ),
    ],
)
def test_what_stands_in_the_way_is_named_with_its_mend(
    changes: dict[str, Any], error: type[HummiiError], words: tuple[str, ...]
) -> None:
    """Each refusal says what, where, and the one next thing to do."""
    with pytest.raises(error) as caught:
        preflight.check(_free(**changes))
    said = f"{caught.value.what} {caught.value.remedy}"
    assert [word for word in words if word not in said] == []


def test_a_finished_run_s_lease_does_not_stand_in_the_way() -> None:
    """A lease that a crash left behind after its run had ended holds nobody up."""
    preflight.check(_free(runs=(_run("done"),), lease=_lease()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config_files": ("/opt/hummii/docker-compose.prod.yml", "/opt/hummii/override.yml")}, "override.yml"),
        ({"config_files": ("/opt/hummii/compose.yaml",)}, "compose.yaml"),
        ({"environment_files": ("/opt/hummii/.env.production",)}, "--env-file /opt/hummii/.env.production"),
    ],
)
def test_a_stack_of_several_files_is_refused(changes: dict[str, Any], words: str) -> None:
    """`up` with the one file that we know would make every service anew, without what the others say."""
    with pytest.raises(Refused, match=words.replace(".", r"\.")):
        preflight.check(_free(containers=(container("api", "hummii-api:1.1", **changes),)))


@pytest.mark.parametrize("version", ["2.19.3", "2.6"])
def test_an_old_compose_is_refused(version: str) -> None:
    """2.20 is the oldest that knows what we ask of it."""
    with pytest.raises(Refused, match=r"2\.20"):
        preflight.check(_free(engine=EngineFact(client_version="27", server_version="27", compose_version=version)))
