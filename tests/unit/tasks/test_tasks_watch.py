"""How a watch ends: its exit code, and the word for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import facts_stacks as stacks
import pytest
from jsonschema import Draft202012Validator

from hummii_ops.errors import Busy, ExitCode, Refused, Unreachable
from hummii_ops.facts.snapshot import ProjectDir, Snapshot
from hummii_ops.inventory import load
from hummii_ops.run.perform import Place
from hummii_ops.scenarios.deploy_watch import Decision
from hummii_ops.scenarios.watch import Look
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.deploys.watch import _looks, reply_of
from hummii_ops.tasks.deploys.watch_acts import Story, _rolled_back, call, only_what_was_ill
from hummii_ops.telling.outbox import Outbox
from hummii_ops.transport import FakeTransport, Result, Transport, endpoint_of


def story(**otherwise: object) -> Story:
    told = Story(kept=Path("looks.jsonl"), looks=6, last="well")
    for name, value in otherwise.items():
        setattr(told, name, value)
    return told


def run(code: ExitCode) -> Reply:
    return Reply(kind="rollback", body={"run_id": "R"}, exit_code=code)


@pytest.mark.parametrize(
    ("told", "end", "code"),
    [
        (story(), "well", 0),
        (story(last="settling"), "inconclusive", 10),
        (story(last="ill", ill=2), "inconclusive", 10),
        (story(unseen=3), "inconclusive", 10),
        (story(unseen=2), "well", 0),
        (story(called="a rollback would not help"), "needs-a-person", 7),
        (story(run=run(ExitCode.DONE)), "rolled-back", 5),
        (story(run=run(ExitCode.DONE), called="first"), "rolled-back", 5),
        (story(run=run(ExitCode.DEGRADED)), "rolled-back", 7),
        (story(run=run(ExitCode.RESTORED), called="it did not hold"), "needs-a-person", 7),
        (story(run=run(ExitCode.MIXED), called="it did not hold"), "needs-a-person", 6),
    ],
)
def test_an_exit_code_does_not_lie(told: Story, end: str, code: int) -> None:
    """Well only if most looks were made, and the last was good; a job that was rolled back is not green."""
    assert (told.end, int(told.exit_code)) == (end, code)


ROOT = Path(__file__).parents[3]
INVENTORY = """\
environments:
  production:
    hosts: [{name: prod-1, address: 127.0.0.1}]
    notify: {channels: [{kind: static-page, name: page, folder: page}]}
"""


def test_a_person_is_called_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the channels, with why and what to do; a second breach of the same watch calls nobody again."""
    (tmp_path / "page").mkdir()
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    monkeypatch.setenv("HUMMII_INVENTORY", str(tmp_path / "inventory.yml"))
    environment, told = load(tmp_path / "inventory.yml").choose("production"), story()
    call(told, environment, "it is the host: no CPU", "fab verify")
    call(told, environment, "it is the host: no CPU at all", "fab verify")
    (folder,) = (tmp_path / ".hummii-ops" / "runs").iterdir()
    (note,) = Outbox(folder).notes()
    assert (note.kind, note.facts["result"], note.facts["next"]) == (
        "needs-person",
        "it is the host: no CPU",
        "Next: fab verify",
    )
    assert [one["kind"] for one in told.turns] == ["needs-a-person"]
    assert "People are at work on it" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "told", [story(), story(run=run(ExitCode.DONE)), story(called="why", next_command="fab status")]
)
def test_the_document_keeps_to_its_schema(told: Story, tmp_path: Path) -> None:
    """Whatever came of it; it names nothing that the schema does not describe."""
    schema = json.loads((ROOT / "docs/schemas/watch.schema.json").read_text(encoding="utf-8"))
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    told.note("settling", "settling")
    document = reply_of(load(tmp_path / "inventory.yml").choose("production"), "auto", told).document()
    Draft202012Validator(schema | {"additionalProperties": False}).validate(json.loads(json.dumps(document)))


def test_only_what_was_ill_is_rolled_back() -> None:
    """A fix that was deployed since the last look, or a rollback by somebody else, is left alone."""
    ill = stacks.snapshot()
    look_again = only_what_was_ill([ill], "api")
    look_again(ill)
    fixed = replace(ill, containers=(stacks.container("api", "hummii-api:1.2", created=stacks.NOW),))
    for another in (fixed, replace(ill, host_name="lab-2")):
        with pytest.raises(Busy, match="something else runs now"):
            look_again(another)


class Link(FakeTransport):
    """A link that goes at the first question, and knows whether it was closed."""

    open = True

    def close(self) -> None:
        self.open = False
        super().close()


@dataclass(frozen=True, kw_only=True)
class Given(Site):
    """A host whose link is given."""

    dial: Callable[[], Transport]

    @property
    def place(self) -> Place:
        return replace(super().place, connect=self.dial)


def test_every_link_of_a_look_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that were open when the next host could not be reached."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    environment = load(tmp_path / "inventory.yml").choose("production")
    link = Link(lambda _script, _args: Result(exit_code=0, stdout=b"", stderr=b""))
    (host,) = environment.hosts

    def away() -> Transport:
        raise Unreachable("prod-2: no route", remedy="")

    sites = [
        Given(environment=environment, host=host, endpoint=endpoint_of(environment, host), transport=link, dial=dial)
        for dial in (lambda: link, away)
    ]
    ((one, _),) = _looks(sites, span_s=0, every_s=1, flows=False)
    assert (one.why, link.open) == ("prod-2: no route", False)


@dataclass(frozen=True, kw_only=True)
class Read(Given):
    """A host of which the read is given."""

    seen: Snapshot

    def snapshot(self, *, needs_docker: bool = False) -> Snapshot:
        return self.seen


def test_the_rollback_of_a_watch_looks_again(tmp_path: Path) -> None:
    """At what its plan is made from: a fix that came meanwhile ends it; else it goes on, here to find no release."""
    (tmp_path / "inventory.yml").write_text(INVENTORY.replace("prod-1", "lab-1"), encoding="utf-8")
    environment = load(tmp_path / "inventory.yml").choose("production")
    (host,) = environment.hosts
    link = Link(lambda _script, _args: Result(exit_code=0, stdout=b"", stderr=b""))
    endpoint = endpoint_of(environment, host)
    ill = stacks.snapshot(project_dir=ProjectDir(path="/opt/hummii", exists=True, writable=True, state_writable=True))
    fixed = replace(ill, containers=(stacks.container("api", "hummii-api:1.2", created=stacks.NOW),))
    decision = Decision(do="roll-back", why="api is ill", next_command="fab rollback --latest")
    for seen, end, words in ((fixed, Busy, "something else runs now"), (ill, Refused, "good|release")):
        site = Read(environment=environment, host=host, endpoint=endpoint, transport=link, dial=lambda: link, seen=seen)
        with pytest.raises(end, match=words):
            _rolled_back(story(), decision, Look(at=stacks.NOW), [ill], [site])
