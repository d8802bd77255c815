"""Every mistake that a person can make in inventory.yml, told with its place."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.errors import ExitCode, UsageError
from hummii_ops.inventory import InventoryErrors, check, load
from hummii_ops.inventory.problems import show_key

CASES = sorted((Path(__file__).parent / "cases").glob("*.yml"))


def problems_of(path: Path) -> str:
    try:
        check(path)
    except InventoryErrors as errors:
        return errors.what.replace(str(path), "inventory.yml") + "\n"
    return ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_has_exactly_its_problems(case: Path) -> None:
    """All mistakes of a file are told at once: no fewer, no more, each at its line and column."""
    assert problems_of(case) == case.with_suffix(".problems").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_problem_never_quotes_a_secret(case: Path) -> None:
    """The password of the cases is `hunter2`; no message holds it, nor does any error behind the message."""
    try:
        check(case)
    except InventoryErrors as errors:
        chain: BaseException | None = errors
        while chain is not None:
            assert "hunter2" not in f"{chain}{chain!r}"
            chain = chain.__cause__ or chain.__context__


def test_a_wrong_inventory_is_wrong_usage() -> None:
    """A wrong inventory exits 2 and says how to look again."""
    with pytest.raises(UsageError) as caught:
        load(CASES[0])
    assert caught.value.exit_code is ExitCode.USAGE
    assert "fab config.check" in caught.value.remedy


def test_a_missing_inventory_names_the_next_command(tmp_path: Path) -> None:
    """Without inventory.yml the message leads to `fab init`."""
    with pytest.raises(UsageError, match=r"there is no .*inventory\.yml") as caught:
        load(tmp_path / "inventory.yml")
    assert "fab init" in caught.value.remedy


def test_a_folder_is_no_inventory(tmp_path: Path) -> None:
    """A path that cannot be read is a clear message, not a traceback."""
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"environments:\n  lab:\n    project: \xff\n", "3:14: not UTF-8 text"),
        ("environments:\n  ü: ".encode() + b"\xff", "2:6: not UTF-8 text"),
        (b"[" * 1000, "1:1: nested too deeply"),
        (
            b"\xef\xbb\xbfenvironments:\r\n  lab:\r\n    hosts: []\r\n",
            "3:12 environments.lab.hosts: must not be empty",
        ),
    ],
    ids=["latin-1", "after-umlaut", "nested", "bom-and-crlf"],
)
def test_odd_bytes_are_told_with_their_place(tmp_path: Path, content: bytes, line: str) -> None:
    """Bytes that are not text, a bottomless nesting, a BOM with CRLF: one line each, at the right place."""
    (tmp_path / "inventory.yml").write_bytes(content)
    assert problems_of(tmp_path / "inventory.yml") == f"inventory.yml:{line}\n"


def test_aliases_of_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Thirty lines that stand for a billion values, and a thousand that nest, are refused in a moment."""
    wide = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 31))
    deep = "".join(f"b{n}: &b{n} [*b{n - 1}]\n" for n in range(1, 1000))
    for text in (f"a0: &a0 [x]\n{wide}", f"b0: &b0 [x]\n{deep}"):
        (tmp_path / "inventory.yml").write_text(text)
        assert "nested too deeply, or too large with its aliases" in problems_of(tmp_path / "inventory.yml")


@given(text=st.text(alphabet=string.printable + "é\x85\u2028\x00", max_size=200))
def test_no_text_makes_a_traceback(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in the file, loading it ends well or in a UsageError with a remedy."""
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(text.encode())
    with pytest.raises(InventoryErrors) as caught:
        load(path)
    assert caught.value.problems
    assert caught.value.remedy


LINES = (
    *(
        "default: a",
        "environments:",
        "  a: &x",
        "  b:",
        "    <<: *x",
        "    <<: [*x, *x]",
        "    hosts:",
        "x: y",
        "  b: *x",
    ),
    *(
        "      - {name: a, address: a}",
        "      - name: a",
        "        jump: [x, {}]",
        "    secrets: {a: {env: X}}",
    ),
    *(
        "    secrets: {a: {env: {}, file: }}",
        "    health: {path: 1}",
        "    health: *x",
        "    include: x",
        "    proxy:",
    ),
    *(
        "    jump: 1",
        "        port: [1]",
        "    logs: {critical: {a: b}}",
        "    database: {name: {}}",
        "    include: [x]",
    ),
    *(
        "    ssh_config: false",
        "    ssh_config: {}",
        "    known_hosts: [~, ~nobody/x]",
        "    name: 3",
        "        url: [3]",
    ),
)


@given(lines=st.lists(st.sampled_from(LINES), max_size=14))
def test_no_layout_of_known_keys_makes_a_traceback(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Known keys in wrong places and with wrong kinds of value end well or in problems inside the file."""
    path = tmp_path_factory.getbasetemp() / "layout.yml"
    path.write_text("\n".join(["environments:", *lines]) + "\n")
    try:
        check(path)
    except InventoryErrors as errors:
        for problem in errors.problems:
            assert 1 <= problem.line <= len(lines) + 2
            assert problem.column >= 1


@given(key=st.text(max_size=80))
def test_a_key_is_shown_on_one_printable_line(key: str) -> None:
    """A key with control sequences or line breaks cannot write on the operator's terminal."""
    assert show_key(key).isprintable()
