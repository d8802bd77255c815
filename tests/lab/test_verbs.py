"""Each verb that speaks to Docker, alone, on a real host: "is" after "make" is true, and says no when it is wrong."""

from __future__ import annotations

import pytest
from lab_production import FILE, PROJECT
from lab_verbs import UP, Verbs, switch

pytestmark = pytest.mark.lab


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
