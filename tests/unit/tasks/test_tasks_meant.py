"""A run over several hosts that is taken up: which is meant, and what the hosts count for that it passes over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from made_runs import a_plan, a_state

from hummii_ops.errors import Busy, Refused
from hummii_ops.facts.claims import Lease, RunFact
from hummii_ops.facts.snapshot import ComposeFact, ProjectDir, Snapshot
from hummii_ops.facts.stack import EngineFact
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.turn import in_turn
from hummii_ops.steps import Effect, Step
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.reply.meant import Meant, check_prepared, chosen_among, meant
from hummii_ops.tasks.runs.chained import cut_before_it_began
from hummii_ops.tasks.runs.undo import newest_on_all
from hummii_ops.transport import LocalTransport, endpoint_of

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
HOSTS = [{"name": name, "address": "192.0.2.1", "user": "deploy"} for name in ("h-1", "h-2")]
ENVIRONMENT = Environment.model_validate({"name": "lab", "hosts": HOSTS})
FIRST, LATER = "20260301T115900Z-rollback-aaaa", "20260301T120000Z-undo-bbbb"


def run(state: str, run_id: str = FIRST) -> RunFact:
    return RunFact(
        run_id=run_id,
        task="rollback",
        who="a@b",
        reason="503",
        since=NOW,
        from_release="1.1",
        to_release="1.0",
        from_identity="",
        to_identity="",
        state=state,
        state_at=NOW,
        outside=None,
    )


def host(name: str, *runs: RunFact) -> tuple[Site, Snapshot]:
    """A host with these runs, newest first."""
    found = next(one for one in ENVIRONMENT.hosts if one.name == name)
    endpoint = endpoint_of(ENVIRONMENT, found)
    site = Site(environment=ENVIRONMENT, host=found, endpoint=endpoint, transport=LocalTransport())
    return site, snapshot(name, *runs)


def snapshot(name: str, *runs: RunFact) -> Snapshot:
    return Snapshot(
        host_name=name,
        read_at=NOW,
        project="hummii",
        project_dir=ProjectDir(path="/opt/hummii"),
        engine=EngineFact(client_version="20.10", server_version="20.10", compose_version="2.26"),
        compose=ComposeFact(path="docker-compose.prod.yml", content="", sha256="a" * 64),
        runs=runs,
    )


def taken_up(task: str, *seen: tuple[Site, Snapshot]) -> Meant:
    return meant(task, FIRST, seen, unfinished=True)


@pytest.mark.parametrize(
    ("beside", "at_target"),
    [
        ((run("done"),), True),
        ((run("refused", LATER), run("done")), True),
        ((run("restored", LATER), run("done")), True),
        ((run("done", LATER), run("done")), False),
        ((run("restored"),), False),
        ((run("refused"),), False),
    ],
)
def test_a_host_that_is_passed_over_counts(beside: tuple[RunFact, ...], at_target: bool) -> None:
    """At the target only if the run came to its end there and no later one changed it; then alone resume leads."""
    found = taken_up("resume", host("h-1", *beside), host("h-2", run("forward")))
    assert [site.host.name for site, _, _ in found.followed] == ["h-2"]
    assert [(one.host, one.at_target) for one in found.beside] == [("h-1", at_target)]
    assert found.leads is at_target


def test_only_a_resume_that_sees_all_hosts_leads() -> None:
    """Not a cancel, not past a host that goes back, and not where one was never sent the run."""
    waits = host("h-2", run("forward"))
    assert taken_up("resume", host("h-1", run("forward")), waits).leads
    assert not taken_up("cancel", host("h-1", run("forward")), waits).leads
    assert not taken_up("resume", host("h-1", run("back")), waits).leads
    assert not taken_up("resume", host("h-1"), waits).leads


def at(*steps: str, busy: bool) -> Snapshot:
    """A host whose run, one of two hosts, has begun these steps."""
    lease = Lease(run=FIRST, who="c@d", task="rollback", reason="", since=NOW, hosts=("h-1", "h-2"))
    said = (f'{{"t":0,"ev":"start","list":"forward","step":"{one}","code":null,"log":0}}\n' for one in steps)
    return replace(snapshot("h-2", run("forward")), lease=lease, journal="".join(said), busy=busy)


def test_the_run_that_was_cut_as_it_took_over() -> None:
    """It has the lease and has not begun; not where it is at work, has ended, or nobody has the lease."""
    ready = at(busy=False)
    ready = replace(ready, runs=(run("ready"), run("prepared", "20260301T115800Z-prepare-db-cccc")))
    assert cut_before_it_began(ready) == run("ready")
    assert cut_before_it_began(replace(ready, busy=True)) is None
    assert cut_before_it_began(replace(ready, lease=None)) is None
    assert cut_before_it_began(at(busy=False)) is None


PREPARES, CHANGES = (
    Step(id=name, title=name, effect=effect, limit_s=5, holds=("x",), act=("x",))
    for name, effect in (("pinned-images", Effect.PREPARES), ("replace-api", Effect.CHANGES))
)
PLAN = in_turn(
    a_plan(environment="lab", host="h-2", left=a_state("1.1"), target=a_state("1.0"), forward=(PREPARES, CHANGES))
)


def test_a_resume_changes_no_host_before_all_are_prepared() -> None:
    """Where another laptop still has it prepared: 4; interrupted before that: 3; at its turn it is ready."""
    for ready in (at("pinned-images", "turn", busy=True), at("replace-api", busy=True), at("turn", busy=False)):
        check_prepared(ready, run("forward"), PLAN)
    with pytest.raises(Busy) as busy:
        check_prepared(at("pinned-images", busy=True), run("forward"), PLAN)
    assert "c@d leads it" in busy.value.what
    assert "fab attach" in busy.value.remedy
    with pytest.raises(Refused) as refused:
        check_prepared(at(busy=False), run("forward"), PLAN)
    assert "fab cancel" in refused.value.remedy
    check_prepared(at("pinned-images", busy=True), run("forward"), replace(PLAN, forward=(PREPARES, CHANGES)))


def test_nothing_to_take_up() -> None:
    """Ended on all hosts: refused, with what may be wanted instead."""
    with pytest.raises(Refused) as refused:
        taken_up("cancel", host("h-1", run("done")), host("h-2", run("done")))
    assert "fab undo --run=" in refused.value.remedy


def test_without_an_id_an_unfinished_run_of_any_host_is_meant() -> None:
    """Whichever host has it; else the newest of all; none at all is refused."""
    idle = snapshot("h-1", run("done", LATER))
    assert chosen_among([idle, snapshot("h-2", run("mixed"))], None).run_id == FIRST
    assert chosen_among([snapshot("h-1"), idle], None).run_id == LATER
    with pytest.raises(Refused):
        chosen_among([snapshot("h-1"), snapshot("h-2")], None)


def test_undo_of_a_run_that_is_not_the_last_on_every_host() -> None:
    """Refused with why, host by host, and with the command for the hosts where it is the last."""
    for other, why in ((snapshot("h-2"), "not run there"), (snapshot("h-2", run("done", LATER), run("done")), LATER)):
        with pytest.raises(Refused) as refused:
            newest_on_all([snapshot("h-1", run("done")), other], run("done"))
        assert f"h-2: {why}" in refused.value.what.replace("it was ", "")
        assert "--limit=h-1" in refused.value.remedy
    newest_on_all([snapshot("h-1", run("done")), snapshot("h-2", run("refused"))], run("done"))
    newest_on_all([snapshot("h-1", run("restored", LATER), run("done"))], run("done"))
