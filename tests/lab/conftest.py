"""The lab for the tests here: one host, brought up once. HUMMII_LAB names another one, which is then left up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_ci import GATES, GITHUB, JOB_PATIENT, breakable
from lab_door import QUICK, await_ill
from lab_name import named_lab
from lab_operator import Operator
from lab_production import PROJECT, SECRETS, Production
from lab_verbs import HOME, NOTHING, RUN, Verbs
from runner import Runner
from stand_in import StandIn, serving

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


@pytest.fixture(scope="module")
def github_server() -> Iterator[StandIn]:
    """GitHub's API, for deployments and their statuses."""
    with serving() as server:
        server.add_run("test")
        yield server


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The runner's own folder, one for all jobs here: what the action installs is installed once."""
    return str(tmp_path_factory.mktemp("runner"))


@pytest.fixture
def job(
    fresh: Production, operator: Operator, github_server: StandIn, tmp_path: Path, temp: str
) -> Iterator[Callable[..., Runner]]:
    """Makes machines for jobs; production runs 1.0, proven good, with a deploy guard and a deploy.sh that can fail."""
    breakable(fresh)
    included = f"include: {json.dumps(str(fresh.lab.environment_file))}"
    operator.inventory.write_text(
        f"default: production\nenvironments:\n  production:\n    {included}\n{JOB_PATIENT}{GATES}"
    )
    operator.fab("install-host", "--yes").ended(0)
    operator.fab("snapshot", "--reason=before").ended(0)
    operator.fab("mark", "--good", "--reason=as it was").ended(0)
    known = fresh.lab.known_hosts.read_text()
    environ = {
        "GITHUB_REPOSITORY": "hummii/shop",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "7",
        "GITHUB_API_URL": github_server.url,
        "HOME": str(tmp_path),
        "PIP_CACHE_DIR": str(Path("~/.cache/pip").expanduser()),
        "RUNNER_TEMP": temp,
    }

    def make(name: str, **settings: object) -> Runner:
        folder = tmp_path / name
        folder.mkdir()
        return Runner(
            folder=folder,
            github=GITHUB,
            secrets={"HUMMII_SSH_KEY": fresh.lab.identity_file.read_text()},
            variables={
                "HUMMII_KNOWN_HOSTS": known,
                "HUMMII_INVENTORY": str(operator.inventory),
                "DEPLOY_TARGET": f"ssh://deploy@127.0.0.1:{fresh.host.ssh_port}",
                "DEPLOY_DIR": PROJECT,
                "DEPLOY_URL": "",
            },
            environ=environ,
            **settings,  # type: ignore[arg-type]
        )

    yield make
    fresh.sh(f"cd {PROJECT}; mv team-deploy.sh deploy.sh; rm -f deploy.fails deploy.late")


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
