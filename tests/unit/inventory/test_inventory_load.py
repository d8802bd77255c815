"""What an inventory means: values as typed, absolute paths, includes, the choice of an environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment, Hop, InventoryErrors, check, inventory_path, load

HOSTS = "    hosts: [{name: a, address: a.example}]\n"


def write(folder: Path, text: str, name: str = "inventory.yml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


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


INCLUDE = "environments:\n  lab:\n    include: .lab/lab/environment.yml\n"


def test_an_include_gives_the_rest_and_keys_beside_it_win(tmp_path: Path) -> None:
    """The included file is the environment's content; a key beside `include` replaces the whole value."""
    write(
        tmp_path,
        "hosts: [{name: a, address: a}]\nproject: x\nhealth: {path: /a, settle_s: 1}\n",
        ".lab/lab/environment.yml",
    )
    lab = check(write(tmp_path, INCLUDE + "    health: {path: /b}\n    known_hosts: [k]\n")).choose(None)
    assert (lab.name, lab.project, lab.hosts[0].name) == ("lab", "x", "a")
    assert (lab.health.path, lab.health.settle_s) == ("/b", 10)
    assert lab.include == tmp_path / ".lab/lab/environment.yml"
    assert lab.known_hosts == (tmp_path / "k",)


def test_a_missing_include_stops_only_its_own_environment(tmp_path: Path) -> None:
    """Without the lab's file production can be chosen; the lab and `check` say: run fab lab.up."""
    path = write(tmp_path, f"{INCLUDE}  production:\n{HOSTS}")
    inventory = load(path)
    assert inventory.names == ("lab", "production")
    assert inventory.choose("production").name == "production"
    for ask in (lambda: inventory.choose("lab"), lambda: check(path)):
        with pytest.raises(InventoryErrors) as caught:
            ask()
        (problem,) = caught.value.problems
        assert str(problem) == f"{path}:3:14 environments.lab.include: the included file does not exist"
        assert caught.value.remedy == problem.remedy == "run: fab lab.up"


def test_mistakes_beside_a_missing_include_are_told_at_once(tmp_path: Path) -> None:
    """What is wrong in inventory.yml itself does not wait for the included file."""
    path = write(tmp_path, f"{INCLUDE}    prject: x\n")
    with pytest.raises(InventoryErrors) as caught:
        load(path)
    assert [str(problem) for problem in caught.value.problems] == [
        f'{path}:4:5 environments.lab.prject: unknown key; did you mean "project"?'
    ]
    with pytest.raises(InventoryErrors) as caught:
        check(path)
    assert [problem.line for problem in caught.value.problems] == [4, 3]


def test_mistakes_in_an_include_have_their_place_there(tmp_path: Path) -> None:
    """A mistake of the included file is told in that file, and only when its environment is chosen."""
    included = write(
        tmp_path, "hosts:\n  - name: a\n    prot: 1\n    prot: 2\ninclude: more\n", ".lab/lab/environment.yml"
    )
    inventory = load(write(tmp_path, f"{INCLUDE}  production:\n{HOSTS}"))
    with pytest.raises(InventoryErrors) as caught:
        inventory.choose("lab")
    assert [str(problem) for problem in caught.value.problems] == [
        f"{included}:2:5 environments.lab.hosts[0].address: is missing",
        f'{included}:3:5 environments.lab.hosts[0].prot: unknown key; did you mean "port"?',
        f"{included}:4:5 environments.lab.hosts[0].prot: duplicate key; it stands first at 3:5",
        f"{included}:5:1 environments.lab.include: an included file cannot include another",
    ]


@pytest.mark.parametrize("content", [b"", b"- a\n", b"\xff", b"a: [\n"], ids=["empty", "list", "bytes", "syntax"])
def test_an_include_that_is_no_mapping_waits_too(tmp_path: Path, content: bytes) -> None:
    """A half-written included file is told in one problem, at that file, when its environment is chosen."""
    included = write(tmp_path, "", ".lab/lab/environment.yml")
    included.write_bytes(content)
    inventory = load(write(tmp_path, INCLUDE))
    with pytest.raises(InventoryErrors) as caught:
        inventory.choose("lab")
    assert [problem.file for problem in caught.value.problems] == [included]


BOTH = f"environments:\n  lab:\n{HOSTS}  production:\n{HOSTS}"


@pytest.mark.parametrize(
    ("text", "name", "environ", "chosen"),
    [
        (f"default: lab\n{BOTH}", "production", {"HUMMII_ENV": "lab"}, "production"),
        (f"default: lab\n{BOTH}", None, {"HUMMII_ENV": "production"}, "production"),
        (f"default: production\n{BOTH}", None, {}, "production"),
        (f"default: production\n{BOTH}", None, {"HUMMII_ENV": ""}, "production"),
        (f"environments:\n  lab:\n{HOSTS}", None, {}, "lab"),
    ],
    ids=["flag", "variable", "default", "empty-variable", "sole-lab"],
)
def test_the_choice_has_one_order(
    tmp_path: Path, text: str, name: str | None, environ: dict[str, str], chosen: str
) -> None:
    """--env, then HUMMII_ENV, then `default:`, then `lab` while it is the sole environment."""
    assert load(write(tmp_path, text)).choose(name, environ=environ).name == chosen


@pytest.mark.parametrize("text", [BOTH, f"environments:\n  production:\n{HOSTS}"], ids=["two", "sole-but-not-lab"])
def test_nothing_is_chosen_by_guessing(tmp_path: Path, text: str) -> None:
    """Production is never meant by silence, not even when it is alone."""
    with pytest.raises(UsageError, match="say which environment") as caught:
        load(write(tmp_path, text)).choose(None, environ={})
    assert "--env=" in caught.value.remedy


def test_a_second_environment_ends_the_labs_default_even_if_broken(tmp_path: Path) -> None:
    """`lab` stops being the default as soon as another is named, also one whose include is missing."""
    text = f"environments:\n  lab:\n{HOSTS}  production:\n    include: none.yml\n"
    with pytest.raises(UsageError, match="say which environment"):
        load(write(tmp_path, text)).choose(None, environ={})


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt --env says which was probably meant and which there are."""
    with pytest.raises(UsageError, match='did you mean "production"') as caught:
        load(write(tmp_path, BOTH)).choose("producton")
    assert "lab, production" in caught.value.remedy


def test_the_path_is_the_variables_or_here() -> None:
    """$HUMMII_INVENTORY, else ./inventory.yml."""
    assert inventory_path({"HUMMII_INVENTORY": "/x/y.yml"}) == Path("/x/y.yml")
    assert inventory_path({}) == inventory_path({"HUMMII_INVENTORY": ""}) == Path("inventory.yml")


def test_the_inventory_that_is_shipped_is_right() -> None:
    """The project's own inventory.yml loads, and has the lab alone."""
    shipped = Path(__file__).parents[3] / "inventory.yml"
    assert load(shipped).names == ("lab",)


def test_the_example_that_is_shipped_is_right(tmp_path: Path) -> None:
    """Uncommenting the production environment of inventory.yml gives one that loads."""
    text = (Path(__file__).parents[3] / "inventory.yml").read_text()
    example = re.sub(r"(?m)^  # ", "  ", text[text.index("  # production:") :])
    environment = load(write(tmp_path, "environments:\n" + example)).choose("production")
    assert environment.proxy is not None
    assert environment.hosts[0].url == "https://hummii.example"
    assert set(environment.secrets) == {"notify-token"}
