"""fab status as an operator sees it: what needs a person first, where a run stands, who went past a hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from hummii_ops.facts.claims import Hold, Lease, Mark, RunFact
from hummii_ops.facts.snapshot import ComposeFact, ContainerFact, ProjectDir, Snapshot
from hummii_ops.facts.stack import EngineFact
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.before import state_of
from hummii_ops.tasks.health import statuspage
from hummii_ops.tasks.health.status import host_json, went_past
from hummii_ops.tasks.reply.atwork import standing, step_now

ENVIRONMENT = Environment.model_validate(
    {"name": "lab", "hosts": [{"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}]}
)
NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
RUN = "20260301T115900Z-rollback-aaaa"
LEASE = Lease(run=RUN, who="a@b", task="rollback", reason="503", since=NOW - timedelta(seconds=60), hosts=("lab-1",))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def line(kind: str, step: str, seconds_ago: float, list_: str = "forward") -> str:
    at = int(ago(seconds_ago).timestamp() * 1000)
    return f'{{"t":{at},"ev":"{kind}","list":"{list_}","step":"{step}","code":null,"log":0}}\n'


def run(state: str, *, ended: float = 30.0) -> RunFact:
    return RunFact(
        run_id=RUN,
        task="rollback",
        who="a@b",
        reason="503",
        since=ago(60),
        from_release="1.1",
        to_release="1.0",
        from_identity="",
        to_identity="",
        state=state,
        state_at=ago(ended),
        outside=None,
    )


def api(seconds_ago: float) -> ContainerFact:
    made = ago(seconds_ago)
    return ContainerFact(
        id="c" * 64,
        name="hummii-api-1",
        project="hummii",
        service="api",
        number=1,
        one_off=False,
        image_id="sha256:" + "1" * 64,
        image_ref="hummii-api:1.1",
        config_hash=None,
        status="running",
        health="healthy",
        exit_code=0,
        oom_killed=False,
        restart_count=0,
        created_at=made,
        started_at=made,
        finished_at=None,
        restart_policy="always",
        healthcheck=None,
        working_dir="/opt/hummii",
        config_files=(),
    )


def seen(**changes: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "host_name": "lab-1",
        "project": "hummii",
        "read_at": NOW,
        "compose": ComposeFact(path="docker-compose.prod.yml", content=None, sha256=None),
        "project_dir": ProjectDir(path="/opt/hummii"),
        "engine": EngineFact(client_version="27", server_version="27", compose_version="2.26.1"),
        "containers": (api(7200),),
    }
    return Snapshot(**(fields | changes))


def page(snapshot: Snapshot) -> list[str]:
    out = StringIO()
    statuspage.show(Console(file=out, soft_wrap=True, width=60), "lab", host_json(snapshot, ENVIRONMENT))
    return out.getvalue().splitlines()


def test_a_run_at_work_comes_first_with_its_step_and_since_when() -> None:
    """Right under the host's name: which run, whose, why, at which step for how long, and how to watch or stop it."""
    journal = line("begin", "", 60) + line("done", "replace-api", 20) + line("start", "settled", 7)
    lines = page(seen(lease=LEASE, busy=True, runs=(run("forward"),), journal=journal))
    assert lines[1] == f"  at work: rollback {RUN}, 1.1 → 1.0, by a@b: 503, for 60 s"
    assert lines[2] == "    at settled for 7 s"
    assert lines[3] == f"    watch it: fab attach --run={RUN}    stop it: fab cancel --run={RUN}"
    assert not any(one.startswith(("  lease", "  last run")) for one in lines)


@pytest.mark.parametrize(
    ("journal", "expected"),
    [
        (line("start", "confirmed-outside", 18), "waits for someone to confirm from outside, at most 43 s more"),
        (line("start", "confirmed-outside", 61), "at confirmed-outside for 61 s"),
        (line("start", "turn", 1), "waits for its turn for 1 s; nothing is changed here"),
        (line("start", "return-compose", 3, "back"), "on the way back, at return-compose for 3 s"),
        (line("start", "a", 9) + line("again", "a", 5), "at a for 9 s"),
    ],
)
def test_where_a_run_stands(journal: str, expected: str) -> None:
    """A gate says how long it still waits; a step which one it is and since when; the way back says so."""
    step = step_now(seen(lease=LEASE, busy=True, journal=journal, gate_s=60))
    assert step is not None
    assert step.words(NOW).startswith(expected)


@pytest.mark.parametrize("journal", ["", line("done", "a", 1), line("start", "a", 2) + line("failed", "a", 1), "{torn"])
def test_between_two_steps_no_step_is_named(journal: str) -> None:
    """What has ended is not where the run stands."""
    assert step_now(seen(lease=LEASE, busy=True, journal=journal)) is None


def test_an_interrupted_run_leads_with_its_two_commands_and_its_step() -> None:
    """Nothing runs: the run, the step at which it stopped, resume and undo; then the lease, since when."""
    lines = page(seen(lease=LEASE, runs=(run("forward"),), journal=line("start", "replace-api", 40)))
    assert lines[1] == f"  unfinished: {RUN} (interrupted at replace-api)"
    assert lines[2] == f"    go on: fab resume --run={RUN}    take it back: fab undo --run={RUN}"
    assert f"  lease     a@b: rollback ({RUN}) for 60 s, nothing runs: 503" in lines


def test_a_deploy_that_went_past_the_hold_is_said() -> None:
    """Only what is younger than the hold and than the end of our last run; while a run is open, nothing is said."""
    hold = Hold(run=RUN, who="a@b", reason="503", since=ago(60), until=None)
    by_us, later = api(40), api(10)
    assert went_past(hold, seen(hold=hold, runs=(run("done"),), containers=(by_us,))) == ()
    past = seen(hold=hold, runs=(run("done"),), containers=(by_us, later))
    assert went_past(hold, past) == (later,)
    assert "    a deploy went past the hold: api made anew 10 s ago, by no run of ours" in page(past)
    assert went_past(hold, seen(hold=hold, runs=(run("back"),), containers=(later,))) == ()
    by_hand = Hold(run="-", who="a@b", reason="hands off", since=ago(5), until=None)
    assert went_past(by_hand, seen(hold=by_hand, containers=(later,))) == ()


def test_the_space_that_we_take_is_said() -> None:
    """In MiB; less than one is one; not known is not said."""
    assert "  space     1 MiB used by .hummii-ops" in page(seen(space_used_bytes=4096))
    assert "  space     12 MiB used by .hummii-ops" in page(seen(space_used_bytes=12 * 1024**2 + 5))
    assert not any("space" in one for one in page(seen()))


def test_who_cancels_is_told_when_it_takes_effect() -> None:
    """At work: after the step at work; interrupted: at once; ended: nothing. And which command shows the end."""
    journal = line("start", "settled", 7)
    lines = list(standing(run("forward"), seen(lease=LEASE, busy=True, journal=journal), back="cancel"))
    assert lines[0] == "at settled for 7 s"
    assert lines[1].startswith("cancel takes effect when the step at work has ended; its end is shown here")
    assert lines[1].endswith(f"fab attach --run={RUN}")
    (line_,) = standing(run("forward"), seen(lease=LEASE, journal=journal), back="undo")
    assert line_.startswith("undo begins at once: nothing runs there")
    assert list(standing(run("done"), None)) == []


def test_hosts_that_run_different_releases_are_named() -> None:
    """One line, after the hosts: nobody has to compare them by eye; alike, or not known, it is not there."""

    def said(*versions: str | None) -> str:
        hosts = [{"name": f"h-{at}", "release": {"version": one}} for at, one in enumerate(versions, 1)]
        out = StringIO()
        statuspage.show_differing(Console(file=out, width=60), hosts)
        return out.getvalue().strip()

    assert said("1.0", "1.1") == "the hosts differ: h-1 runs 1.0, h-2 runs 1.1"
    assert said("1.0", "1.0", None) == ""


GOOD, SINCE = {"goodness": "good", "judged_at": ago(60).isoformat()}, {"since": ago(120).isoformat()}
HELD = {"until": None, "expired": False}


@pytest.mark.parametrize(
    ("release", "hold", "service", "next_"),
    [
        (GOOD | SINCE, None, "healthy", "nothing; if customers complain: fab diagnose"),
        (GOOD | SINCE, HELD, "healthy", "nothing here; when the mended version is there: fab unhold"),
        (GOOD | SINCE, HELD | {"expired": True}, "healthy", "nothing; if customers complain: fab diagnose"),
        (GOOD | {"since": ago(10).isoformat()}, HELD, "healthy", "fab verify"),
        (GOOD | {"judged_at": None} | SINCE, None, "healthy", "fab verify"),
        (GOOD | SINCE, None, "unhealthy", "fab verify"),
    ],
)
def test_what_comes_next_on_a_stack_that_answers(
    release: dict[str, Any], hold: dict[str, Any] | None, service: str, next_: str
) -> None:
    """No second verify for what has passed one since it runs; after a rollback nobody has judged it yet."""
    host = host_json(seen(), ENVIRONMENT)
    host["release"] |= release
    host["services"][0]["health"] = service
    if hold is not None:
        host["hold"] = hold | {"since": None, "who": "a@b", "reason": "503", "bypassed": []}
    out = StringIO()
    statuspage.show(Console(file=out, width=200), "lab", host)
    assert out.getvalue().splitlines()[-1] == f"  next      {next_}"


@pytest.mark.parametrize(
    ("policy", "code", "next_"),
    [
        ("no", 0, "nothing; if customers complain: fab diagnose"),
        ("on-failure", 0, "nothing; if customers complain: fab diagnose"),
        ("no", 1, "fab verify"),
        ("always", 0, "fab verify"),
    ],
)
def test_a_one_shot_service_that_is_done_needs_nobody(policy: str, code: int, next_: str) -> None:
    ended = replace(api(60), service="migrate", status="exited", health=None, exit_code=code, restart_policy=policy)
    host = host_json(seen(containers=(api(7200), ended)), ENVIRONMENT)
    host["release"] |= GOOD | SINCE
    out = StringIO()
    statuspage.show(Console(file=out, width=200), "lab", host)
    assert out.getvalue().splitlines()[-1] == f"  next      {next_}"


def test_when_a_release_was_judged_is_told() -> None:
    """The time of its mark; nothing where nobody has judged it."""
    state = seen(compose=ComposeFact(path="docker-compose.prod.yml", content=None, sha256="f" * 64))
    identity = state_of(state, ENVIRONMENT.version_service).identity
    assert identity is not None
    mark = Mark(identity=identity, mark="good", who="a@b", reason="", since=ago(5), run="")
    marked = Snapshot(**(vars(state) | {"marks": {identity: mark}}))
    assert host_json(marked, ENVIRONMENT)["release"]["judged_at"] == ago(5).isoformat()
    assert host_json(state, ENVIRONMENT)["release"]["judged_at"] is None
