"""What an inventory means: values as typed, absolute paths, includes, the choice of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from written_inventory import HOSTS, write

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment, Hop, InventoryErrors, load


def production(folder: Path, more: str = "", hosts: str = HOSTS) -> Environment:
    return load(write(folder, f"environments:\n  production:\n{hosts}{more}")).choose("production")


def test_defaults_are_those_of_the_documentation(tmp_path: Path, home: Path) -> None:
    """An environment that names only its hosts has the defaults that the design promises."""
    environment = production(tmp_path)
    assert environment.name == "production"
    host = environment.hosts[0]
    assert (host.port, host.user, host.identity_file, host.jump, host.url) == (22, None, None, (), None)
    assert environment.known_hosts == (
        tmp_path / "known_hosts",
        home / ".ssh/known_hosts",
        Path("/etc/ssh/ssh_known_hosts"),
    )
    assert environment.ssh_config is None
    assert (environment.project_dir, environment.project) == ("/opt/hummii", "hummii")
    assert (environment.compose_file, environment.env_files) == ("docker-compose.prod.yml", (".env",))
    assert (environment.become, environment.backups_dir) == ("none", "backups")
    assert (environment.version_service, environment.proxy, environment.database) == ("api", None, None)
    assert environment.health.model_dump() == {
        "path": "/api/health",
        "inside": "http://127.0.0.1/api/health",
        "version_field": "version",
        "settle_s": 10,
        "timeout_s": None,
    }
    assert environment.keep_env == ("POSTGRES_PASSWORD", "DATABASE_URL")
    assert environment.keep_runs == 50
    assert environment.deploy_processes == ("deploy.sh",)


def test_values_stay_what_was_typed(tmp_path: Path) -> None:
    """`1.10`, `22:22`, `0x10`, `yes` and `007` are the texts that were typed; a port is a number."""
    environment = production(
        tmp_path,
        "    database: {name: 1.10, user: 22:22}\n    version_service: 007\n"
        "    files: [0x10, yes, 2024-01-01, 1_000]\n",
        hosts='    hosts: [{name: 1-10, address: "a", port: "2222"}]\n',
    )
    assert environment.database is not None
    assert (environment.database.name, environment.database.user) == ("1.10", "22:22")
    assert environment.version_service == "007"
    assert environment.files == ("0x10", "yes", "2024-01-01", "1_000")
    assert environment.hosts[0].port == 2222


def test_merge_keys_and_aliases_work(tmp_path: Path) -> None:
    """A key beside `<<` wins over the merged one; the first of several merged mappings wins over the next."""
    inventory = load(Path(__file__).parent / "cases/good-aliases-and-merge-keys.yml")
    environment = inventory.choose("production")
    assert (environment.hosts[0].name, environment.hosts[0].port) == ("b", 2222)
    assert (environment.health.path, environment.health.settle_s, environment.health.timeout_s) == (
        "/healthz",
        3,
        90,
    )
    text = f"environments:\n  a: &a\n{HOSTS}    project: one\n  b: &b {{project: two}}\n  c: {{<<: [*b, *a]}}\n"
    with pytest.raises(InventoryErrors):  # b alone has no hosts
        load(write(tmp_path, text))
    text = text.replace("b: &b {", f"b: &b {{{HOSTS.strip()}, ")
    assert load(write(tmp_path, text)).choose("c").project == "two"


def test_local_paths_stand_beside_the_inventory(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths are relative to inventory.yml, not to the current folder; `~` is the home."""
    monkeypatch.chdir("/")
    environment = production(
        tmp_path,
        "    known_hosts: [keys/known, /etc/known]\n    ssh_config: ~/other\n    secrets: {a: {file: token}}\n",
        hosts="    hosts: [{name: a, address: a, identity_file: ~/.ssh/id}]\n",
    )
    assert environment.known_hosts == (tmp_path / "keys/known", Path("/etc/known"))
    assert environment.ssh_config == home / "other"
    assert environment.hosts[0].identity_file == home / ".ssh/id"
    assert environment.secrets["a"].model_dump() == {"file": tmp_path / "token"}


def test_ssh_config_is_the_users_own_unless_refused(tmp_path: Path, home: Path) -> None:
    """~/.ssh/config is used if it exists, `false` is none, and a file that is named is taken."""
    config = write(home, "", ".ssh/config")
    assert production(tmp_path).ssh_config == config
    assert production(tmp_path, "    ssh_config: false\n").ssh_config is None
    assert production(tmp_path, "    ssh_config: mine\n").ssh_config == tmp_path / "mine"


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("bastion", Hop(address="bastion")),
        ("deploy@bastion:2222", Hop(address="bastion", port=2222, user="deploy")),
        ("a@realm@bastion", Hop(address="bastion", user="a@realm")),
        ("[2001:db8::1]:99", Hop(address="2001:db8::1", port=99)),
        ("me@[::1]", Hop(address="::1", user="me")),
        ("2001:db8::1", Hop(address="2001:db8::1")),
    ],
)
def test_a_hop_is_user_address_port(tmp_path: Path, text: str, hop: Hop) -> None:
    """`[user@]address[:port]` means the same in `jump:` and on a command line, alone or in a list."""
    assert Hop.parse(text) == hop
    for jump in (f'"{text}"', f'["{text}"]'):
        environment = production(tmp_path, hosts=f"    hosts: [{{name: a, address: a, jump: {jump}}}]\n")
        assert environment.hosts[0].jump == (hop,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@a",
        "-oProxyCommand=x",
        "a:0",
        "a:65536",
        "a:x",
        "a:²",
        "a:" + "9" * 5000,
        "[::1",
        "[::1]x",
        "a b",
        "a\nb",
        "a\0b",
        "-l@a",
        "$(id)",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    """What ssh could take for an option, and what is no address, exits 2."""
    with pytest.raises(UsageError):
        Hop.parse(text)


def test_paths_on_the_host_are_tidied(tmp_path: Path) -> None:
    """`./.env` and `.env` are one file; a folder has no slash at its end."""
    environment = production(tmp_path, "    env_files: [./.env, a//b/]\n    project_dir: //opt/hummii/\n")
    assert environment.env_files == (".env", "a/b")
    assert environment.project_dir == "/opt/hummii"


def test_a_host_url_has_no_slash_at_its_end(tmp_path: Path) -> None:
    """`url` joined to `health.path` has one slash between them."""
    hosts = "    hosts: [{name: a, address: a, url: 'https://a.example/base/'}]\n"
    assert production(tmp_path, hosts=hosts).hosts[0].url == "https://a.example/base"


def test_an_environment_does_not_change(tmp_path: Path) -> None:
    """A loaded value is the same for everyone who holds it."""
    with pytest.raises(ValidationError):
        production(tmp_path).project = "x"  # type: ignore[misc]
