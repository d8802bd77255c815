"""What `fab init` proposes for a server: from answers of its read, without a server."""

from __future__ import annotations

from base64 import b64encode

import pytest

from hummii_ops.errors import Refused, Unreachable
from hummii_ops.facts.new_server.propose import Proposal, health_of, propose
from hummii_ops.facts.new_server.unknown_server import HealthAnswer, parse_probes, parse_server

DIR = "/opt/hummii"
COMPOSE = """\
services:
  api:
    image: hummii-api:1.0
    env_file: [.env, config/api.env]
  db:
    image: postgres:15
"""


def frame(section: str, text: str, code: int = 0) -> str:
    return f"\n@hummii {section} {code} {b64encode(text.encode()).decode()}\n"


def a_container(service: str, image: str, **more: str) -> str:
    fields = {"ports": "", "database": "", "user": "", "dir": DIR, "files": f"{DIR}/docker-compose.prod.yml"} | more
    return "\t".join(
        (
            *(fields.get("project", "shop"), service, fields["dir"], fields["files"], image, "true"),
            *(fields["ports"], fields["database"], fields["user"]),
        )
    )


def answer(*containers: str, **sections: str) -> bytes:
    said = {
        "host": "deploy\ndeploy docker\nserver-1",
        "folder": "755|deploy|deploy",
        "files": f"{DIR}/.env\n{DIR}/docker-compose.prod.yml",
        "compose": f"{DIR}/docker-compose.prod.yml\n{COMPOSE}",
        "containers": "\n".join(containers),
    } | sections
    text = "".join(frame(name, text) for name, text in said.items() if text != "-")
    text += "" if "docker" in sections else frame("docker", "abc")
    return (text + frame("end", "")).encode()


def proposal(*containers: str, **sections: str) -> Proposal:
    return propose(parse_server(answer(*containers, **sections), DIR, host="server"))


STACK = (
    a_container("web", "nginx:1.25", ports="0.0.0.0|80|80/tcp ::|80|80/tcp 0.0.0.0|443|443/tcp"),
    a_container("api", "registry.example:5000/shop/api:2.1", ports="127.0.0.1|3000|3000/tcp"),
    a_container("db", "postgis/postgis:15", ports="127.0.0.1|5432|5432/tcp", database="shop", user="keeper"),
)


def test_a_running_stack_is_believed_before_its_files() -> None:
    """Project, compose file, services and roles come from the containers' labels and images."""
    found = proposal(*STACK)
    assert (found.project, found.compose_file, found.version_service) == ("shop", "docker-compose.prod.yml", "api")
    assert (found.version, found.env_files) == ("2.1", (".env", "config/api.env"))
    assert found.proxy == ("web", ("nginx -t", "nginx -s reload"))
    assert found.database == ("db", "shop", "keeper", "backups/database")


def test_health_is_looked_for_at_the_proxy_first() -> None:
    """The paths of healthchecks, then the usual ones; never at a database's port, never behind TLS."""
    found = proposal(*STACK, healthchecks="api /internal/alive\ndb /x\n")
    assert found.urls[0] == "http://127.0.0.1/internal/alive"
    assert found.urls[1] == "http://127.0.0.1/api/health"
    assert "http://127.0.0.1:3000/healthz" in found.urls
    assert not [url for url in found.urls if ":5432" in url or ":443" in url or "https" in url or "/x" in url]


def test_nothing_runs() -> None:
    """Then the files are believed, and that is said."""
    found = proposal(compose=f"{DIR}/compose.yaml\nname: shop\n{COMPOSE}", files="")
    assert (found.project, found.compose_file) == ("shop", "compose.yaml")
    assert found.env_files == (".env", "config/api.env")  # the api names them
    assert any("nothing of it runs" in note for note in found.notes)
    assert proposal(compose=f"{DIR}/odd.yml\n{COMPOSE}").compose_file == "odd.yml"


def test_backup_folders_are_where_backups_lie() -> None:
    """Restore points and dumps in another folder than ours are found."""
    found = proposal(
        *STACK, backups=f"{DIR}/old/docker-compose.prod.yml.backup-20250101_000000\n{DIR}/dumps/shop.sql.gz\n"
    )
    assert (found.backups_dir, found.database and found.database[3]) == ("old", "dumps")


def test_a_service_without_a_usual_name() -> None:
    """The one whose image has a version for a tag and is no database, cache or proxy; and it is said."""
    text = "services:\n  shopd: {image: shop/shopd}\n  cache: {image: 'redis:7'}\n"
    found = proposal(a_container("shopd", "shop/shopd:v3.2"), compose=f"{DIR}/compose.yml\n{text}")
    assert (found.version_service, found.version) == ("shopd", "v3.2")
    assert any("shopd" in note for note in found.notes)


def test_several_compose_files() -> None:
    """The first is taken, and that is said."""
    two = a_container("api", "shop/api:1.0", files=f"{DIR}/docker-compose.prod.yml,{DIR}/more.yml")
    assert any("several compose files" in note for note in proposal(two).notes)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"folder": "-", "compose": "-"}, "there is no folder"),
        ({"compose": "-"}, "no compose file"),
        ({"compose": f"{DIR}/a.yml\nhello: 1\n"}, "is a compose file"),
    ],
)
def test_what_cannot_be(sections: dict[str, str], words: str) -> None:
    """Refused with the reason; where projects do run is told."""
    with pytest.raises(Refused, match=words):
        proposal(**sections)
    elsewhere = a_container("api", "a:1", dir="/srv/shop", files="/srv/shop/compose.yml")
    with pytest.raises(Refused) as raised:
        proposal(elsewhere, folder="-", compose="-")
    assert raised.value.remedy == "name it: --project-dir=/srv/shop"


def test_docker_cannot_be_asked() -> None:
    """No access to docker: the line that mends it."""
    text = answer(docker="-").decode().replace(frame("end", ""), "")
    text += frame("docker", "permission denied while trying to connect", 1) + frame("end", "")
    with pytest.raises(Refused) as raised:
        propose(parse_server(text.encode(), DIR, host="server"))
    assert "usermod -aG docker deploy" in raised.value.remedy


def test_a_cut_answer() -> None:
    """Half an answer is none."""
    with pytest.raises(Unreachable):
        parse_server(answer(*STACK)[:-20], DIR, host="server")


def answers(*each: tuple[str, str, int]) -> HealthAnswer | None:
    text = "".join(frame("answer", f"{url}\n{body}\n{code}") for url, body, code in each) + frame("end", "")
    return parse_probes(text.encode(), host="server")


def test_the_first_answer_that_is_health() -> None:
    """2xx, or 503 with JSON; a redirect, a page of 404 or a 503 of a proxy's own is none."""
    bad = ("http://127.0.0.1/a", "<html>", 503), ("http://127.0.0.1/b", "", 301), ("http://127.0.0.1/c", "", 0)
    assert answers(*bad) is None
    found = answers(*bad, ("http://127.0.0.1/d", '{"status": "ill", "version": "1.0"}', 503))
    assert found is not None
    assert found.url == "http://127.0.0.1/d"


def test_the_version_is_compared_only_if_it_is_the_tag() -> None:
    """Else every rollback would fail at a number that means something else."""
    found = HealthAnswer(url="http://127.0.0.1:80/api/health", status=200, body={"version": "1.0"})
    assert health_of(found, "1.0")["version_field"] == "version"
    assert health_of(found, "1.1")["version_field"] is None
    assert health_of(found, "1.0")["path"] == "/api/health"
    assert health_of(None, "1.0") == {"inside": None, "version_field": None}
