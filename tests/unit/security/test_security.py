"""The security look: ports that are open, images as built, headers, and the certificate of a real server."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import facts_stacks as stacks
import pytest

from hummii_ops.errors import Unreachable
from hummii_ops.facts.restore_points.compose_text import parse_compose
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory.models import Environment
from hummii_ops.inventory.prevention import Postdeploy
from hummii_ops.security import built, encryption, headers, images, ports
from hummii_ops.security.built import Built, Published
from hummii_ops.transport import FakeTransport, Result

ENVIRONMENT = Environment.model_validate(
    {
        "name": "lab",
        "hosts": [{"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}],
        "proxy": {"service": "nginx"},
    }
)
COMPOSE = """services:
  nginx: {image: "nginx:1", ports: ["80:80", "443:443/tcp"]}
  api: {image: "api:1", ports: ["127.0.0.1:3000:3000"]}
  postgres: {image: "postgres:15", ports: [{target: 5432, published: "5432"}]}
"""


def one(service: str, *published: tuple[int, str, int], **otherwise: Any) -> Built:
    fields: dict[str, Any] = {"shares_network": False, "privileged": False, "version": None, "revision": None}
    made = tuple(Published(container_port=port, address=at, host_port=host) for port, at, host in published)
    return Built(service=service, image_id="sha256:aa", published=made, **(fields | otherwise))


@pytest.mark.parametrize(
    ("container", "verdict", "words"),
    [
        (one("nginx", (80, "0.0.0.0", 80), (80, "::", 80)), "pass", "open to every network: 80"),
        (one("nginx", (8080, "0.0.0.0", 8080)), "fail", "the compose file does not say so"),
        (one("api", (3000, "127.0.0.1", 3000)), "pass", "open to no network"),
        (one("api", (3000, "0.0.0.0", 3000)), "fail", '"127.0.0.1:3000:3000"'),
        (one("postgres", (5432, "0.0.0.0", 5432)), "fail", "past the firewall"),
        (one("redis"), "pass", "open to no network"),
        (one("redis", shares_network=True), "fail", "shares the host's network"),
        (one("redis", privileged=True), "fail", "has the host"),
    ],
)
def test_who_may_reach_what(container: Built, verdict: str, words: str) -> None:
    """Only the proxy is open to all, and only as the compose file says."""
    (found,) = ports.judge([container], stacks.snapshot(disk=COMPOSE), ENVIRONMENT)
    assert (found.verdict, words in found.reason, found.critical) == (verdict, True, True), found


def test_the_inventory_may_open_more() -> None:
    """A service that is named there is meant to be public; then the proxy must be named as well."""
    more = ENVIRONMENT.model_copy(update={"postdeploy": Postdeploy(public=("postgres",))})
    found = ports.judge([one("postgres", (5432, "0.0.0.0", 5432))], stacks.snapshot(disk=COMPOSE), more)
    assert [each.verdict for each in found] == ["pass"]


@pytest.mark.parametrize(
    ("written", "ports_"),
    [
        ('"80:80"', "80"),
        ("3000", "3000"),
        ('"127.0.0.1:8080:80/tcp"', "80"),
        ('"[::1]:8080:80"', "80"),
        ('"3000-3005:3000-3005"', "3000-3005"),
        ('"${PORT:-80}:80"', "80"),
        ('"80:${PORT:-8080}"', "${PORT:-8080}"),
        ("{target: 80, published: 8080}", "80"),
    ],
)
def test_a_port_as_compose_writes_it(written: str, ports_: str) -> None:
    """The container's own port is the last word."""
    (service,) = parse_compose(f"services:\n  a:\n    image: b\n    ports: [{written}]\n").services
    assert service.ports == (ports_,)


def of_images(tag: str, **otherwise: Any) -> dict[str, Any]:
    snapshot: Snapshot = stacks.snapshot(containers=(stacks.container("api", tag),))
    words = {"sha": otherwise.pop("sha", ""), "digest": otherwise.pop("digest", "")}
    found = images.judge([one("api", **otherwise)], snapshot, "api", **words)
    return {each.name: each.verdict for each in found}


@pytest.mark.parametrize(
    ("tag", "otherwise", "verdicts"),
    [
        ("api:1.1", {}, {"image.version": "skipped"}),
        ("api:1.1", {"version": "1.1"}, {"image.version": "pass"}),
        ("api:v1.1", {"version": "1.1"}, {"image.version": "pass"}),
        ("api:1.1", {"version": "1.0"}, {"image.version": "fail"}),
        ("api:1", {"sha": "abc1234", "revision": "abc1234"}, {"image.version": "skipped", "image.revision": "pass"}),
        (
            "api:1",
            {"sha": "abc1234", "revision": "abc1234" + "0" * 33},
            {"image.version": "skipped", "image.revision": "pass"},
        ),
        ("api:1", {"sha": "abc1234", "revision": "fff"}, {"image.version": "skipped", "image.revision": "fail"}),
        ("api:1", {"sha": "abc1234"}, {"image.version": "skipped", "image.revision": "inconclusive"}),
        ("api:1", {"digest": "sha256:aa"}, {"image.version": "skipped", "image.digest": "pass"}),
        ("api:1", {"digest": "sha256:bb"}, {"image.version": "skipped", "image.digest": "fail"}),
    ],
)
def test_images_as_they_were_built(tag: str, otherwise: dict[str, Any], verdicts: dict[str, str]) -> None:
    """Labels against the tag, and against what was said; what is not known is no pass."""
    assert of_images(tag, **otherwise) == verdicts


SAID = {
    "service": "nginx",
    "image_id": "sha256:aa",
    "network": "hummii_default",
    "privileged": False,
    "ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": None},
    "version": "",
    "revision": None,
}


def answered(tmp_path: Path, docker: str) -> Result:
    """The script itself, run by sh, with a docker that says this."""
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    (tmp_path / "docker").chmod(0o755)
    script = Path(built.__file__).with_name("built.sh")
    done = subprocess.run(
        ["/bin/sh", str(script), "hummii"], capture_output=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False
    )
    return Result(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_the_host_tells_what_is_published(tmp_path: Path) -> None:
    """Each container, also where an answer has line breaks; a docker that does not answer is no empty answer."""
    text = json.dumps(SAID, indent=1)
    said = answered(tmp_path, f"[ $1 = ps ] && echo ab && exit\ncat <<'END'\n{text}\n{text}\nEND")
    found = built.read(FakeTransport(lambda _script, _args: said), "hummii")
    assert found == (one("nginx", (80, "0.0.0.0", 8080)),) * 2
    nothing = answered(tmp_path, "exit 0")
    assert built.read(FakeTransport(lambda _script, _args: nothing), "hummii") == ()
    broken = answered(tmp_path, "echo no socket >&2; exit 1")
    with pytest.raises(Unreachable):
        built.read(FakeTransport(lambda _script, _args: broken), "hummii")


def sent(settings: Postdeploy, url: str = "https://shop.example/", **more: str) -> dict[str, tuple[str, bool]]:
    found = headers.judge(url, {name.replace("_", "-"): value for name, value in more.items()}, settings)
    return {each.name: (each.verdict, each.critical) for each in found}


def test_headers_that_protect() -> None:
    """The usual ones are shown; those that the inventory names must be there, whatever their case."""
    bare = sent(Postdeploy(), server="nginx/1.22.1")
    assert set(bare.values()) == {("fail", False)}
    assert len(sent(Postdeploy(), "http://shop.example/")) == len(bare) - 1  # no HSTS without TLS
    good = {"x_content_type_options": "nosniff", "x_frame_options": "DENY", "referrer_policy": "no-referrer"}
    assert set(sent(Postdeploy(), strict_transport_security="max-age=1", **good).values()) == {("pass", False)}
    must = sent(Postdeploy(headers=("Referrer-Policy", "X-Own")), **good)
    assert (must["header.referrer-policy"], must["header.x-own"]) == (("pass", True), ("fail", True))


@pytest.mark.parametrize(
    ("url", "https", "verdict", "critical"),
    [
        ("http://127.0.0.1:8080", False, "skipped", True),
        ("http://localhost", False, "skipped", True),
        ("http://10.0.0.7", True, "fail", True),
        ("http://shop.example", False, "fail", False),
        ("http://shop.example", True, "fail", True),
    ],
)
def test_a_public_url_without_encryption(url: str, https: bool, verdict: str, critical: bool) -> None:
    """Is said; it breaks the verdict where the inventory insists. Nobody is asked."""
    (found,) = encryption.look(url, Postdeploy(https=https))
    assert (found.verdict, found.critical) == (verdict, critical)


NEW = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
]


@contextmanager
def server(folder: Path, days: int) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A TLS server with a certificate for so many days, made by openssl; its URL, and who trusts it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [*NEW, "-keyout", key, "-out", certificate, "-days", str(days)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)

        def serve() -> None:
            while not over.is_set():
                try:
                    plain, _ = listening.accept()
                    plain.settimeout(5)
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://localhost:{listening.getsockname()[1]}", ssl.create_default_context(cafile=str(certificate))
        finally:
            over.set()
            thread.join()


def test_the_certificate_of_a_server(tmp_path: Path) -> None:
    """Good; not trusted; soon over; and nobody there is "could not look", never a fail."""
    with server(tmp_path, 90) as (url, trusted):
        certificate, old = encryption.look(url, Postdeploy(), trusted=trusted)
        assert (certificate.verdict, certificate.value, old.verdict) == ("pass", 89, "pass")
        late, _ = encryption.look(url, Postdeploy(certificate_days=100), trusted=trusted)
        assert (late.verdict, "renew it" in late.reason) == ("fail", True)
        (stranger,) = encryption.look(url, Postdeploy())
        assert (stranger.verdict, "self" in stranger.reason) == ("fail", True)
    (gone,) = encryption.look(url, Postdeploy(), trusted=trusted)
    assert gone.verdict == "error"
