"""fab init on a server that nobody described yet, as the written procedure leaves it; then adopt, and a rollback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lab_operator import Operator, Said
from lab_production import PROJECT, Production

from lab import stack
from lab.state import Lab

pytestmark = pytest.mark.lab

EMPTY = "# ours; keep this line\nenvironments: {}\n"


class Newcomer(Operator):
    """An operator whose inventory knows no server yet."""

    def __init__(self, folder: Path, lab: Lab, production: Production, secrets: list[str]) -> None:
        super().__init__(folder, lab.environment_file, secrets)
        self.inventory.write_text(EMPTY)
        self.login = f"deploy@127.0.0.1:{production.host.ssh_port}"
        self.key = str(lab.identity_file)

    def init(self, *words: str, host: str | None = None) -> Said:
        return self.fab("init", f"--host={host or self.login}", f"--identity-file={self.key}", *words)

    def written(self) -> dict[str, str]:
        """Every file of the project's folder that init could write."""
        return {
            name: (self.folder / name).read_text()
            for name in ("inventory.yml", "known_hosts")
            if (self.folder / name).exists()
        }


@pytest.fixture
def newcomer(tmp_path: Path, lab: Lab, production: Production) -> Newcomer:
    env = dict(line.split("=", 1) for line in lab.production_env().splitlines())
    return Newcomer(tmp_path / "new", lab, production, [env["POSTGRES_PASSWORD"], env["JWT_SECRET"]])


@pytest.fixture
def fingerprint(lab: Lab, tmp_path: Path) -> str:
    """As the server's owner would tell it."""
    said = subprocess.run(
        ["ssh-keygen", "-lf", str(lab.folder / "known_hosts")], capture_output=True, text=True, check=True
    )
    return said.stdout.split()[1]


def test_from_an_unknown_server_to_a_rollback(
    fresh: Production, newcomer: Newcomer, fingerprint: str, lab: Lab
) -> None:
    """Old procedure: bare backups, plain dumps. init writes what fits, adopt records it, a bare backup works."""
    stack.old_procedure(lab, fresh.host)
    before = fresh.fingerprint()

    said = newcomer.init(f"--fingerprint={fingerprint}", "--yes").ended(0).document

    assert fresh.fingerprint() == before
    proposal, today = said["proposal"], said["today"]
    assert (proposal["project"], proposal["compose_file"]) == ("hummii", "docker-compose.prod.yml")
    assert (proposal["version_service"], proposal["env_files"]) == ("api", [".env"])
    assert proposal["health"]["inside"] == "http://127.0.0.1/api/health"
    assert proposal["health"]["version_field"] == "version"
    assert proposal["proxy"]["service"] == "nginx"
    assert proposal["database"] == {
        "service": "postgres",
        "name": "hummii",
        "user": "hummii",
        "backups_dir": "backups/database",
    }
    assert (today["running"], today["tools_missing"], today["obstacle"]) == ("1.0", [], None)
    assert "20250302_080000" in today["not_restorable"]
    assert newcomer.inventory.read_text().startswith("# ours; keep this line\n")
    assert said["host_keys"][0]["fingerprint"] in (fingerprint, said["host_keys"][0]["fingerprint"])
    newcomer.fab("config.check").ended(0)

    # the first and only environment, and yet no default: --env is needed, and it says so
    assert said["needs_env"] is True
    assert all("--env=production" in step for step in said["next"])
    newcomer.fab("status").ended(2)
    env = "--env=production"
    adopted = newcomer.fab("adopt", env).ended(0).document
    assert adopted["restore_points"][0]["version"] == "1.0"
    listed = {one["id"]: one for one in newcomer.fab("releases", env).ended(0).document["releases"]}
    assert listed["20250302_080000"]["reasons"]
    assert listed[adopted["restore_points"][0]["id"]]["recorded"] is True
    newcomer.fab("verify", env).ended(0)

    fresh.deploy("1.1")
    bare = next(one for one in newcomer.fab("releases", env).document["releases"] if not one["recorded"])
    assert (bare["version"], bare["restorable"]) == ("1.0", True)
    newcomer.fab("rollback", env, f"--to={bare['id']}", "--yes", "--settle=1", "--reason=1.1 is ill").ended(0)
    assert fresh.serves("1.0")


def test_what_is_refused_writes_nothing(fresh: Production, newcomer: Newcomer, fingerprint: str) -> None:
    """No terminal, another fingerprint, no such host, no such user, no such folder, no --yes: 3. Nothing is stored."""
    unknown = newcomer.init().ended(3)
    assert fingerprint in unknown.everything
    other = newcomer.init("--fingerprint=SHA256:AAAA", "--yes").ended(3)
    assert "SHA256:AAAA" in other.document["error"]
    assert fingerprint in other.document["error"]
    known = f"--fingerprint={fingerprint}"
    newcomer.init(known, "--yes", host="deploy@127.0.0.1:1").ended(3)
    refused = newcomer.init(known, "--yes", host=newcomer.login.replace("deploy@", "nobody-here@")).ended(3)
    assert "login was refused" in refused.document["error"]
    nowhere = newcomer.init(known, "--yes", "--project-dir=/nowhere").ended(3)
    assert "--project-dir=/opt/hummii" in nowhere.document["remedy"]
    newcomer.init(known).ended(3)  # no --yes and no terminal
    assert newcomer.written() == {"inventory.yml": EMPTY}


def test_wrong_words_never_reach_a_server(newcomer: Newcomer) -> None:
    """No host, a host that is an option, a name that is none or taken, a relative folder: 2."""
    newcomer.fab("init").ended(2)
    for host in ("-oProxyCommand=x", "deploy@", "deploy@server:port", "a b", "$(id)"):
        newcomer.init(host=host).ended(2)
    for word in ("--name=Pro duction", "--name=-x", "--project-dir=opt", "--project-dir=/", "--project-dir=/a/../b"):
        newcomer.init(word).ended(2)
    newcomer.inventory.write_text("environments:\n  production:\n    hosts: [{name: a, address: b.example}]\n")
    taken = newcomer.init().ended(2)
    assert "--name" in taken.document["remedy"]


def test_without_docker_access(fresh: Production, newcomer: Newcomer, fingerprint: str) -> None:
    """An account that may not ask docker: 3, with the line that mends it, and nothing written."""
    newcomer.login = newcomer.login.replace("deploy@", "admin@")
    said = newcomer.init(f"--fingerprint={fingerprint}", "--yes").ended(3).document
    assert "usermod -aG docker admin" in said["remedy"]
    assert newcomer.written() == {"inventory.yml": EMPTY}


def test_a_key_that_is_trusted_already(fresh: Production, newcomer: Newcomer, lab: Lab) -> None:
    """It asks for no fingerprint, and known_hosts stays as it is; a second environment is told from the first."""
    known = (lab.folder / "known_hosts").read_text()
    (newcomer.folder / "known_hosts").write_text(known)
    said = newcomer.init("--yes", "--name=second").ended(0).document
    assert [key["stored"] for key in said["host_keys"]].count(True) == 0
    assert (newcomer.folder / "known_hosts").read_text() == known
    assert PROJECT in newcomer.inventory.read_text()


def test_a_changed_key(fresh: Production, newcomer: Newcomer, lab: Lab, fingerprint: str) -> None:
    """Another key on record for this server: 3 whatever fingerprint is said, and nothing written."""
    kind, key = "ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIM8Nq0izlqd1ANW7LdgOPGRx0rwsGoiJMHyFCw1gZlMA"
    line = f"[127.0.0.1]:{fresh.host.ssh_port} {kind} {key}\n"
    (newcomer.folder / "known_hosts").write_text(line)
    said = newcomer.init(f"--fingerprint={fingerprint}", "--yes").ended(3)
    assert "on record" in said.document["error"]
    assert newcomer.written() == {"inventory.yml": EMPTY, "known_hosts": line}
