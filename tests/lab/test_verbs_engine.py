"""What verbs keep and note of a real engine, and what they do without one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from lab_production import FILE, PROJECT, Production
from lab_verbs import ALL, HOME, RUN, UP, Verbs, switch

from hummii_ops.run import ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect, Step
from hummii_ops.transport.shell import standard_input
from lab import container
from lab.docker import DockerFailed

pytestmark = pytest.mark.lab


@pytest.fixture
def without_docker(fresh: Production) -> Iterator[Callable[[], None]]:
    """Stops the engine when called; it is started again at the end."""
    yield lambda: fresh.sh("lab-dockerd stop")
    fresh.sh("lab-dockerd start")


def test_evidence(verbs: Verbs) -> None:
    """States and logs of every container are kept, and never what is in an environment."""
    assert not verbs.holds("evidence_saved", "before")
    for _ in range(2):
        verbs.act("save_evidence", "before", "hummii")
        assert verbs.holds("evidence_saved", "before")
    assert len(verbs.file("evidence/before/containers.jsonl").splitlines()) == len(ALL)
    assert all(f"-{name}-" in verbs.file("evidence/before/ps.txt") for name in ALL)
    kept = verbs.production.sh('cd "$1" && cat -- *', f"{HOME}/runs/{RUN}/evidence/before")
    for line in verbs.production.lab.production_env().splitlines():
        name, _, value = line.partition("=")
        assert name == "LOG_LEVEL" or value not in kept


def test_facts(verbs: Verbs) -> None:
    """The state that a run leaves is told from any later one: another file, another container, a stopped one."""
    words = ("hummii", PROJECT, ".env", FILE)
    assert not verbs.holds("left_known")
    verbs.act("remember_left", *words)
    assert verbs.holds("left_known")
    assert verbs.holds("facts_are", "facts/left", *words)
    verbs.production.sh(f"echo '# more' >>{PROJECT}/{FILE}")
    assert not verbs.holds("facts_are", "facts/left", *words)
    verbs.act("remember_left", *words)
    assert verbs.holds("facts_are", "facts/left", *words)
    verbs.production.sh("docker stop -t 1 $1", verbs.production.containers()["redis"])
    assert not verbs.holds("facts_are", "facts/left", *words)


def test_without_an_engine(verbs: Verbs, without_docker: Callable[[], None]) -> None:
    """When Docker does not answer, no verb takes that for a yes."""
    image = verbs.production.image("hummii-api:1.0")
    verbs.act("remember_left", "hummii", PROJECT, FILE)
    without_docker()
    for words in (
        ("image_is", "hummii-api:1.0", image),
        ("images_are", "hummii-api:1.0", image),
        ("images_pinned", image),
        ("services_are", "running", "hummii", "api", image, "any"),
        ("services_are", "there", "hummii", "api", image, "any"),
        ("services_stopped", "hummii", "nobody"),
        ("services_well", "hummii", "api"),
        ("settled", "hummii", "api"),
        ("facts_are", "facts/left", "hummii", PROJECT, FILE),
    ):
        assert not verbs.holds(*words), words
    for words in (
        ("save_evidence", "after", "hummii"),
        ("remember_left", "hummii", PROJECT, FILE),
        ("stop_services", "hummii", "api"),
        (*UP, "api"),
        ("settle", "0", "1", "-", "-", "-", "hummii", "api"),
    ):
        verbs.cannot(*words)
    assert not verbs.holds("evidence_saved", "after")


def test_docker_restarted_under_a_step(verbs: Verbs) -> None:
    """A step whose engine restarts under it is not judged until the engine answers again: the run is done."""
    image = verbs.production.image("hummii-api:1.1")
    switch(verbs.production, "1.1")
    up = Step(
        id="replace-api",
        title="-",
        effect=Effect.CHANGES,
        limit_s=60,
        holds=("services_are", "running", "hummii", "api", image, "-"),
        act=(*UP, "api"),
    )
    always = Step(
        id="a", title="-", effect=Effect.READS, limit_s=1, holds=("file_gone", "/nonexistent"), act=("cannot",)
    )
    for name, text in (("forward/x.sh", ship.render(up)), ("ready/as-planned.sh", ship.render(always))):
        packed = base64.b64encode(text.encode()).decode()
        verbs.production.sh('echo "$1" | base64 -d >"$2"', packed, f"{HOME}/runs/{RUN}/{name}")
    verbs.production.sh('echo "x 60 changes" >"$1"', f"{HOME}/runs/{RUN}/forward.list")
    verbs.production.sh("lab-dockerd stop")
    try:
        container.inside(
            verbs.production.name, "sh", "-s", "--", HOME, "start", RUN, user="deploy",
            stdin=standard_input(script()).decode(),
        )  # fmt: skip
        verbs.production.sh("until pgrep -f '^docker version --format .$' >/dev/null; do sleep 0.02; done", limit_s=60)
    finally:
        verbs.production.sh("lab-dockerd start")
    assert verbs.production.await_end(RUN) == "done"
    journal = verbs.file("journal.jsonl")
    assert '"ev":"again"' in journal
    assert '"ev":"back"' not in journal


def test_what_cannot_be_reached(verbs: Verbs) -> None:
    """A pull that fails is a failure."""
    with pytest.raises(DockerFailed):
        verbs.production.image("127.0.0.1:1/none@sha256:" + "0" * 64)
    verbs.cannot("pull_image", "127.0.0.1:1/none@sha256:" + "0" * 64)
