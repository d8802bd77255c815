"""What a CI job does with its decision: rolled back is what was decided on, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import facts_stacks as stacks
import pytest

from hummii_ops.ci.decide import Deploy
from hummii_ops.errors import Busy, ExitCode
from hummii_ops.facts.deploys import DeployFact
from hummii_ops.facts.snapshot import ProjectDir, Snapshot
from hummii_ops.inventory import load
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.deploys.ci_answer import Done, Wanted, decided
from hummii_ops.transport import FakeTransport, Result, endpoint_of

INVENTORY = """\
environments:
  production:
    hosts: [{name: lab-1, address: 127.0.0.1}]
"""
BROKEN = stacks.snapshot(project_dir=ProjectDir(path="/opt/hummii", exists=True, writable=True, state_writable=True))
MENDED = replace(BROKEN, containers=(stacks.container("api", "hummii-api:1.2", created=stacks.NOW),))
DEPLOY = Deploy(result="cancelled", touched="true", version="1.1", commit="0" * 40)


@dataclass(frozen=True, kw_only=True)
class Read(Site):
    """A host of which each read is given."""

    reads: Iterator[Snapshot]

    def snapshot(self, *, needs_docker: bool = False) -> Snapshot:
        return next(self.reads)


def answer(folder: Path, *reads: Snapshot, by_hand: bool = False) -> Done:
    """Of a job that asks for a release that is not there: past the decision, it is refused."""
    (folder / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    environment = load(folder / "inventory.yml").choose("production")
    (host,) = environment.hosts
    link = FakeTransport(lambda _script, _args: Result(exit_code=0, stdout=b"", stderr=b""))
    endpoint = endpoint_of(environment, host)
    site = Read(environment=environment, host=host, endpoint=endpoint, transport=link, reads=iter(reads))
    wanted = Wanted(
        deploy=DEPLOY, by_hand=by_hand, to="9.9", wait_s=0, settle_s=None, dry_run=False, yes=True, reason=""
    )
    return decided(wanted, (site,), lambda: None)


@pytest.mark.parametrize(
    ("reads", "by_hand", "code", "words"),
    [
        ((BROKEN, BROKEN), False, ExitCode.REFUSED, "9.9"),
        ((BROKEN, MENDED), False, ExitCode.INCONCLUSIVE, "other containers run"),
        ((MENDED,), True, ExitCode.REFUSED, "9.9"),
    ],
)
def test_what_was_mended_meanwhile_is_left_alone(
    tmp_path: Path, reads: tuple[Snapshot, ...], by_hand: bool, code: ExitCode, words: str
) -> None:
    """Who waited for another one's work looks again at what runs; a person's order is one."""
    reply = answer(tmp_path, *reads, by_hand=by_hand).rollback
    assert reply is not None
    assert (reply.exit_code, words in str(reply.body["error"])) == (code, True), reply.body


def test_a_deploy_at_work_is_waited_for(tmp_path: Path) -> None:
    """Though the job knows that it touched the server: what it has yet to do is no change by somebody else."""
    deploy = DeployFact(
        run="R", state="running", touched=True, exit_code=None, version="1.1", who="ci", reason="", since=stacks.NOW
    )
    with pytest.raises(Busy, match="still at work"):
        answer(tmp_path, replace(BROKEN, deploy=deploy))
