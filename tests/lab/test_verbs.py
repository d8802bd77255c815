"""Each verb that speaks to Docker, alone, on a real host: "is" after "make" is true, and says no when it is wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from lab_operator import until
from lab_production import FILE, PROJECT, Production

from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run import ship
from hummii_ops.run.entry import script
from hummii_ops.steps import Effect, Step
from hummii_ops.transport.shell import standard_input
from lab import container
from lab.docker import DockerFailed

pytestmark = pytest.mark.lab

HOME = f"{PROJECT}/.hummii-ops"
RUN = "20260101T000000Z-rollback-0001"
NOTHING = StackState(label="-", identity=None, files={}, modes={}, services=())
UP = ("compose_up", "hummii", PROJECT, f"{PROJECT}/{FILE}")
ALL = ("api", "nginx", "postgres", "redis")
HEALTH = "http://127.0.0.1/api/health"


@dataclass(frozen=True, kw_only=True)
class Verbs:
    """The verbs of a run that holds the lease of production, called as its runner calls them."""

    production: Production
    shell: str

    def _call(self, which: str, words: tuple[str, ...]) -> tuple[int, str]:
        text = ship.render(Step(id="tried", title="-", effect=Effect.READS, limit_s=1, holds=words, act=words))
        packed = base64.b64encode(text.encode()).decode()
        said = self.production.sh(
            'cd "$1" && echo "$2" | base64 -d >forward/tried.sh && code=0;'
            ' timeout 150 "$4" -eu lib/step.sh "$1" forward/tried.sh "$3" </dev/null >said 2>&1 || code=$?;'
            ' cat said; printf "\\n%s" $code',
            f"{HOME}/runs/{RUN}",
            packed,
            which,
            self.shell,
            user="deploy",
        )
        words_, _, code = said.rpartition("\n")
        assert int(code) != 90, "the lease was lost"
        return int(code), words_

    def holds(self, *words: str) -> bool:
        return self._call("holds", words)[0] == 0

    def act(self, *words: str) -> None:
        code, said = self._call("act", words)
        assert code == 0, said

    def says(self, *words: str) -> str:
        """What the act says, however it ends."""
        return self._call("act", words)[1]

    def cannot(self, *words: str) -> str:
        """What the act says when it fails, as it must here."""
        code, said = self._call("act", words)
        assert code != 0
        return said

    def file(self, name: str) -> str:
        return self.production.sh('cat "$1"', f"{HOME}/runs/{RUN}/{name}")


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
def without_docker(fresh: Production) -> Iterator[Callable[[], None]]:
    """Stops the engine when called; it is started again at the end."""
    yield lambda: fresh.sh("lab-dockerd stop")
    fresh.sh("lab-dockerd start")


def switch(production: Production, version: str) -> None:
    """The compose file on disk names another version of the api; nothing that runs is touched."""
    production.sh('sed -i "s|image: hummii-api:.*|image: hummii-api:$1|" ' + f"{PROJECT}/{FILE}", version)


def test_images(verbs: Verbs) -> None:
    """A name means an image, an image is pinned: made, made twice, and seen when it is not so."""
    old, new = (verbs.production.image(f"hummii-api:{version}") for version in ("1.0", "1.1"))
    pins = "docker images --format '{{.Repository}}:{{.Tag}}' hummii-ops/keep"
    verbs.production.sh(f"docker tag hummii-api:1.1 test/one:x; {pins} | xargs -r docker rmi >/dev/null")
    names = ("test/one:x", old, "test/two:x", old)
    assert not verbs.holds("images_are", *names)
    for _ in range(2):
        verbs.act("tag_images", *names)
        assert verbs.holds("images_are", *names)
    verbs.production.sh("docker tag hummii-api:1.1 test/two:x")
    assert not verbs.holds("images_are", *names)
    assert verbs.holds("image_is", old, old)
    assert not verbs.holds("image_is", old, new)
    assert not verbs.holds("image_is", "sha256:" + "0" * 64, "sha256:" + "0" * 64)
    assert not verbs.holds("images_pinned", old, new)
    for _ in range(2):
        verbs.act("pin_images", old, new)
        assert verbs.holds("images_pinned", old, new)
    verbs.production.sh("docker rmi test/one:x test/two:x hummii-ops/keep:${1#sha256:} >/dev/null", new[:19])
    assert not verbs.holds("images_pinned", old, new)
    verbs.production.sh("docker rmi hummii-ops/keep:${1#sha256:} >/dev/null", old[:19])
    verbs.cannot("tag_images", "test/one:x", "sha256:" + "0" * 64)


def test_services_are(verbs: Verbs) -> None:
    """A service runs an image from the files in place only after `up`; made twice it is the same container."""
    old, new = (verbs.production.image(f"hummii-api:{version}") for version in ("1.0", "1.1"))
    others = {name: one for name, one in verbs.production.containers().items() if name != "api"}
    assert verbs.holds("services_are", "running", "hummii", "api", old, "any")
    switch(verbs.production, "1.1")
    assert not verbs.holds("services_are", "running", "hummii", "api", new, "any")
    verbs.act(*UP, "api")
    made = verbs.production.containers()
    assert verbs.holds("services_are", "running", "hummii", "api", new, "-")
    assert {name: one for name, one in made.items() if name != "api"} == others, "only what was named is replaced"
    verbs.act(*UP, "api")
    assert verbs.production.containers() == made
    assert not verbs.holds("services_are", "running", "hummii", "api", old, "any"), "another image"
    assert not verbs.holds("services_are", "running", "hummii", "nobody", new, "any"), "no such service"
    verbs.production.sh("docker stop -t 1 $1", made["api"])
    assert not verbs.holds("services_are", "running", "hummii", "api", new, "any"), "not running"
    assert verbs.holds("services_are", "there", "hummii", "api", new, "any")
    assert not verbs.holds("services_are", "there", "hummii", "api", old, "any")


def test_another_configuration(verbs: Verbs) -> None:
    """The same image made from another configuration is not what the files say."""
    image = verbs.production.image("hummii-api:1.0")
    hash_ = verbs.production.sh(
        'docker inspect --format \'{{index .Config.Labels "com.docker.compose.config-hash"}}\' "$1"',
        verbs.production.containers()["api"],
    )
    assert verbs.holds("services_are", "running", "hummii", "api", image, hash_)
    assert verbs.holds("services_are", "running", "hummii", "api", image, f"{'0' * 64},{hash_}")
    assert verbs.holds("services_are", "there", "hummii", "api", image, hash_)
    for how in ("running", "up", "there"):
        assert not verbs.holds("services_are", how, "hummii", "api", image, "0" * 64)
        assert not verbs.holds("services_are", how, "hummii", "api", image, hash_[:-1])


def test_up_takes_no_image_from_elsewhere(verbs: Verbs) -> None:
    """`up` fails when the image is not here: nothing is pulled or built, and what ran goes on."""
    before = verbs.production.containers()
    switch(verbs.production, "9.9")
    verbs.cannot(*UP, "api")
    assert verbs.production.containers() == before


def test_stopped(verbs: Verbs) -> None:
    """Services are stopped and stay there; stopping twice is once; one that runs again is seen."""
    verbs.production.sh(f"cd {PROJECT} && docker compose -f {FILE} ps -q redis >/dev/null")
    assert not verbs.holds("services_stopped", "hummii", "redis")
    for _ in range(2):
        verbs.act("stop_services", "hummii", "redis")
        assert verbs.holds("services_stopped", "hummii", "redis")
    assert not verbs.holds("services_stopped", "hummii", "redis", "nginx")
    verbs.production.sh("docker start $(docker ps -aq --filter label=com.docker.compose.service=redis)")
    assert not verbs.holds("services_stopped", "hummii", "redis")


def test_well(verbs: Verbs) -> None:
    """All replicas healthy is well; a stopped, a sick or a missing one is not, and the wait says which."""
    verbs.act("await_services", "60", "hummii", *ALL)
    assert verbs.holds("services_well", "hummii", *ALL)
    assert not verbs.holds("services_well", "hummii", *ALL, "nobody")
    api = verbs.production.containers()["api"]
    verbs.production.sh("docker pause $1", api)
    assert not verbs.holds("services_well", "hummii", "api")
    assert "api: paused" in verbs.cannot("await_services", "1", "hummii", *ALL)
    verbs.production.sh("docker unpause $1", api)
    verbs.production.sh("docker stop -t 1 $1", api)
    assert not verbs.holds("services_well", "hummii", "api")


CHECKS = """
x-each: &each {image: "hummii-redis:7", network_mode: none}
services:
  word:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD", "test", "-e", "/tmp/all * well"]}
  line:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD-SHELL", "test -e '/tmp/all * well' &&\\n  true"]}
  odd:
    <<: *each
    healthcheck: {interval: 1h, test: ["CMD", "test", "-e", "/tmp/all * well", "-o", "\\n"]}
"""
SLOW = """
services:
  slow:
    image: "hummii-redis:7"
    network_mode: none
    healthcheck: {interval: 1h, timeout: 1s, test: ["CMD-SHELL", "echo x >>/tmp/asked; sleep 3"]}
"""
BRING_UP = """mkdir -p /tmp/checks && cd /tmp/checks && echo "$1" | base64 -d >c.yml
docker compose -p checks -f c.yml up -d 2>&1"""


def test_well_by_its_own_check(verbs: Verbs) -> None:
    """What Docker has not asked yet is asked by us, word for word; what cannot be asked so is left to Docker."""
    verbs.production.sh(BRING_UP, base64.b64encode(CHECKS.encode()).decode())
    try:
        for service in ("word", "line", "odd"):
            assert not verbs.holds("services_well", "checks", service), "its check says no"
            assert f"{service}: running, health starting" in verbs.cannot("await_services", "1", "checks", service)
            verbs.production.sh("docker exec checks-$1-1 touch '/tmp/all * well'", service)
        for service in ("word", "line"):
            verbs.act("await_services", "5", "checks", service)
            assert verbs.holds("services_well", "checks", service)
        assert not verbs.holds("services_well", "checks", "odd"), "a line break in a word"
    finally:
        verbs.production.sh("cd /tmp/checks && docker compose -p checks -f c.yml down -t 1 2>&1")


def test_its_own_check_has_its_own_limit(verbs: Verbs) -> None:
    """A check that takes longer than it may is no pass, as for Docker; and it is not asked again and again."""
    verbs.production.sh(BRING_UP, base64.b64encode(SLOW.encode()).decode())
    try:
        assert "slow: running, health starting" in verbs.cannot("await_services", "4", "checks", "slow")
        asked = verbs.production.sh("docker exec checks-slow-1 cat /tmp/asked").split()
        assert 1 <= len(asked) <= 6, "each takes a second"
    finally:
        verbs.production.sh("cd /tmp/checks && docker compose -p checks -f c.yml down -t 1 2>&1")


def test_patience(verbs: Verbs) -> None:
    """A service that restarts is up and does not run; it is waited for, and what does not come is said."""
    nginx = verbs.production.image("hummii-nginx:1.22")
    container_id = verbs.production.containers()["nginx"]
    wanted = ("hummii", "nginx", nginx, "any")
    verbs.production.sh(f"echo no >>{PROJECT}/nginx/default.conf; docker exec $1 sh -c 'kill -QUIT 1'", container_id)
    until(lambda: not verbs.holds("services_are", "running", *wanted), what="it restarts", limit_s=30)
    assert verbs.holds("services_are", "up", *wanted)
    # between two starts; for an instant it runs
    until(lambda: "restarting" in verbs.says("await_running", "0", *wanted), what="it is said", limit_s=60)
    verbs.production.sh('text=$(sed "$ d" "$1") && echo "$text" >"$1"', f"{PROJECT}/nginx/default.conf")
    verbs.act("await_running", "60", *wanted)
    assert verbs.production.containers()["nginx"] == container_id
    assert verbs.holds("services_stay", "1", *wanted)
    verbs.production.sh("(sleep 1; docker stop $1) >/dev/null 2>&1 &", container_id)
    assert not verbs.holds("services_stay", "3", *wanted), "it ran at first, and was stopped a moment later"
    verbs.act("start_and_stay", "30", "1", *wanted)
    assert verbs.holds("services_stay", "1", *wanted)
    assert verbs.production.containers()["nginx"] == container_id
    other = (*wanted[:2], "sha256:" + 64 * "0", "any")
    assert "runs image" in verbs.cannot("start_and_stay", "0", "1", *other)


def test_settled(verbs: Verbs) -> None:
    """A quiet window is remembered for exactly these containers; a restart ends it; a bad answer never opens it."""
    words = (HEALTH, "version", "1.0", "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    verbs.act("settle", "1", "20", *words)
    assert verbs.holds("settled", "hummii", *ALL)
    verbs.production.sh("docker restart -t 1 $1", verbs.production.containers()["redis"])
    verbs.act("await_services", "30", "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    for url, field, version in ((HEALTH, "version", "1.1"), ("http://127.0.0.1:1/", "-", "-")):
        assert "no quiet window" in verbs.cannot("settle", "0", "1", url, field, version, "hummii", *ALL)
    assert not verbs.holds("settled", "hummii", *ALL)
    verbs.act("settle", "0", "20", "-", "-", "-", "hummii", *ALL)
    assert verbs.holds("settled", "hummii", *ALL)


def test_proxy_follows(verbs: Verbs) -> None:
    """A proxy that keeps the dead address of a replaced service is told to look again, and waited for."""
    verbs.production.sh(f"cd {PROJECT} && docker compose -f {FILE} up -d --no-deps --force-recreate api 2>&1")
    verbs.act("await_services", "60", "hummii", "api")
    answer = (HEALTH, "version", "1.0")
    verbs.act("reload_proxy", "20", *answer, "hummii", "nginx", "nginx -t", "nginx -s reload")
    assert verbs.holds("answers", *answer)
    assert not verbs.holds("answers", HEALTH, "version", "1.1")
    verbs.cannot("reload_proxy", "1", *answer, "hummii", "nginx", "nginx -t -c /nonexistent")


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


def test_a_dump_is_made_proven_and_named(verbs: Verbs) -> None:
    """Each verb of a backup is true after it is made, twice is once, and says no when one byte is another."""
    folder, name, stack = f"{PROJECT}/backups/database", "x.dump", ("hummii", "postgres")
    steps = (
        (("dump_made", folder, name), ("make_dump", folder, name, *stack, "hummii", "hummii")),
        (("dump_decodes",), ("decode_dump", folder, name, *stack, "60")),
        (("dump_summed", folder, name), ("sum_dump", folder, name)),
        (("manifest_written", folder, name), ("write_manifest", folder, name, "hummii", "1.0")),
        (("backup_placed", folder, name), ("place_backup", folder, name)),
    )
    verbs.production.sh(f"mkdir -p {folder}/.hummii-ops-cut; touch {folder}/.hummii-ops-cut/{name}", user="deploy")
    for holds, act in steps:
        assert not verbs.holds(*holds)
        verbs.act(*act)
        assert verbs.holds(*holds)
        verbs.act(*act)
        assert verbs.holds(*holds)
    listed = verbs.production.sh(f"ls -A {folder}").split()
    assert listed == [name, f"{name}.manifest", f"{name}.sha256"]
    assert "there already" in verbs.cannot(*steps[0][1])
    verbs.production.sh(f'printf x >> "{folder}/{name}"')
    assert not verbs.holds(*steps[-1][0])


def test_a_dump_that_is_not_whole_does_not_decode(verbs: Verbs) -> None:
    """Cut by a byte in the run's own folder: it is decoded, and does not hold."""
    folder, name, stack = f"{PROJECT}/backups/database", "x.dump", ("hummii", "postgres")
    verbs.act("make_dump", folder, name, *stack, "hummii", "hummii")
    verbs.production.sh(f'truncate -s -1 "{folder}/.hummii-ops-{RUN}/{name}"')
    verbs.act("decode_dump", folder, name, *stack, "60")
    assert not verbs.holds("dump_decodes")
    assert "psql" in verbs.cannot("make_dump", folder, "y.dump", *stack, "no-such-database", "hummii")
