"""Files that an inventory includes, and which environment is meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from written_inventory import HOSTS, write

from hummii_ops.errors import UsageError
from hummii_ops.inventory import InventoryErrors, check, inventory_path, load

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
