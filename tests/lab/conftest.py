"""The lab for the tests here: one host, brought up once. HUMMII_LAB names another one, which is then left up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_door import QUICK, await_ill
from lab_name import named_lab
from lab_operator import Operator
from lab_production import PROJECT, SECRETS, Production
from lab_verbs import HOME, NOTHING, RUN, Verbs

from hummii_ops.plans.plan import Plan
from hummii_ops.run import ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect, Step
from hummii_ops.transport.shell import standard_input
from lab import container, stack
from lab.state import Lab

# How soon a machine answers that runs several labs at once is no release's merit or fault.
PATIENT = "limits: {response_p95_ms: 5000}"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab with one host that runs 1.0."""
    _, kept = named_lab()
    lab = Lab.here()
    stack.up(lab, count=1, say=print, ask=lambda _question: True)
    yield lab
    if not kept:
        stack.down(lab, say=print)


@pytest.fixture(scope="session")
def production(lab: Lab) -> Production:
    """The lab's host; what state it is in is for `fresh`."""
    return Production(lab, lab.read().hosts[0])


@pytest.fixture
def fresh(production: Production) -> Production:
    """Production with release 1.0 healthy, and no trace of a deploy or of us."""
    production.rewind()
    return production


@pytest.fixture
def laptop(lab: Lab, tmp_path: Path) -> Callable[..., Operator]:
    """Makes an operator with a folder of its own; `keys` override the lab's environment."""
    env = dict(line.split("=", 1) for line in lab.production_env().splitlines())

    def make(name: str = "laptop", keys: str = PATIENT) -> Operator:
        return Operator(tmp_path / name, lab.environment_file, [env[name] for name in SECRETS], keys)

    return make


@pytest.fixture
def operator(laptop: Callable[..., Operator]) -> Operator:
    """The operator of most tests."""
    return laptop()


@pytest.fixture(params=["dash", "bash"])
def verbs(request: pytest.FixtureRequest, fresh: Production) -> Verbs:
    about = ship.About(run_id=RUN, task="rollback", who="t@t", reason="-", since_ms=0, hosts=("lab-1",))
    plan = Plan(
        task="rollback",
        environment="lab",
        host="lab-1",
        project="hummii",
        project_dir=PROJECT,
        left=NOTHING,
        target=NOTHING,
        forward=(Step(id="x", title="-", effect=Effect.READS, limit_s=1, holds=("cannot",), act=("cannot",)),),
        back=(),
        expect="",
        expect_files=(),
    )
    sent = standard_input(script(about=about.lease_lines(), payload=ship.pack(ship.folder(plan, about)))).decode()
    for verb in ("claim", "receive"):
        container.inside(fresh.name, "sh", "-s", "--", HOME, verb, RUN, user="deploy", stdin=sent)
    return Verbs(production=fresh, shell=request.param)


@pytest.fixture
def quick(laptop: Callable[..., Operator]) -> Operator:
    return laptop("quick", QUICK)


@pytest.fixture
def ready(fresh: Production, quick: Operator) -> Production:
    """1.0, then 1.1 deployed over it and known to be ill, and the door installed."""
    fresh.sh(f"rm -rf {PROJECT}/scripts")
    fresh.deploy("1.1")
    await_ill(fresh)
    quick.fab("install-host", "--yes").ended(0)
    return fresh
