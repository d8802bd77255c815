"""Adding an environment leaves every byte that a person wrote, and the file is whole at every moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.errors import UsageError
from hummii_ops.inventory import InventoryErrors, add_environment, load, write_atomically

MAPPING: dict[str, Any] = {
    "hosts": [{"name": "prod-1", "address": "a.example", "port": 2222}],
    "env_files": [".env"],
}
BLOCK = """  # read on the server
  production:
    hosts:
      - name: prod-1
        address: a.example
        port: 2222
    env_files:
      - .env
"""


def add(tmp_path: Path, text: str, name: str = "production", comment: str = "read on the server") -> str:
    path = tmp_path / "inventory.yml"
    path.write_bytes(text.encode())
    new = add_environment(path, name, MAPPING, comment)
    assert path.read_bytes() == text.encode()  # the caller writes, not this function
    return new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "environments:\n" + BLOCK),
        ("# mine", "# mine\n\nenvironments:\n" + BLOCK),
        ("environments:\n", "environments:\n" + BLOCK),
        (
            "environments: # none yet\ndefault: production\n",
            "environments: # none yet\n" + BLOCK + "\ndefault: production\n",
        ),
        ("environments: {}  # none\n# end\n", "environments:  # none\n" + BLOCK + "\n# end\n"),
        ("environments: ~", "environments:\n" + BLOCK),
        (
            "# top\nenvironments: # here\n  lab: {include: x} # lab\n    # still the lab\n"
            "  # end of list\n\n# for all\ndefault: lab # yes\n",
            "# top\nenvironments: # here\n  lab: {include: x} # lab\n    # still the lab\n\n"
            + BLOCK
            + "\n  # end of list\n\n# for all\ndefault: lab # yes\n",
        ),
        (
            "environments:\n  a:\n    project: |\n      x\ndefault: a\n",
            "environments:\n  a:\n    project: |\n      x\n\n" + BLOCK + "\ndefault: a\n",
        ),
        ("environments:\n  a: 1\n...\n", "environments:\n  a: 1\n\n" + BLOCK + "\n...\n"),
        ("environments:\n  lab:\n    include: x", "environments:\n  lab:\n    include: x\n\n" + BLOCK),
        (
            "environments:\n  lab:\n    hosts:\n    files:\n",
            "environments:\n  lab:\n    hosts:\n    files:\n\n" + BLOCK,
        ),
        (
            "environments:\n  lab:\n    project: |\n      x\n",
            "environments:\n  lab:\n    project: |\n      x\n\n" + BLOCK,
        ),
        (
            "environments:\n  a: &a\n    files: [x]\n  b: *a\ndefault: a\n",
            "environments:\n  a: &a\n    files: [x]\n  b: *a\n\n" + BLOCK + "\ndefault: a\n",
        ),
        (
            "environments:\r\n  lab: {include: x}\r\n",
            ("environments:\n  lab: {include: x}\n\n" + BLOCK).replace("\n", "\r\n"),
        ),
    ],
    ids=[
        "empty",
        "comment",
        "no-value",
        "null-first",
        "braces",
        "tilde",
        "comments",
        "block-first",
        "document-end",
        "no-end",
        "nulls",
        "block",
        "alias",
        "crlf",
    ],
)
def test_the_new_lines_stand_below_the_others(tmp_path: Path, old: str, new: str) -> None:
    """The text is the old one with the new lines in it: comments, order and line breaks are as they were."""
    assert add(tmp_path, old) == new


def test_other_indentation_is_kept(tmp_path: Path) -> None:
    """Environments that are indented by four stay aligned with the new one."""
    new = add(tmp_path, "environments:\n    lab:\n        include: x\n")
    assert "\n    # read on the server\n    production:\n" in new


def test_a_missing_file_begins_as_a_new_one(tmp_path: Path) -> None:
    """The first `fab init` writes an inventory that loads."""
    path = tmp_path / "inventory.yml"
    write_atomically(path, add_environment(path, "production", MAPPING, ""))
    assert path.read_text().startswith("# ")
    assert load(path).choose("production").hosts[0].port == 2222


def test_the_shipped_inventory_takes_a_server(tmp_path: Path) -> None:
    """`fab init` on the project's own inventory keeps every one of its lines, in their order."""
    old = (Path(__file__).parents[3] / "inventory.yml").read_text()
    new = add(tmp_path, old)
    lines = iter(new.splitlines())
    assert all(line in lines for line in old.splitlines())
    (tmp_path / "inventory.yml").write_text(new)
    assert load(tmp_path / "inventory.yml").names == ("lab", "production")


@pytest.mark.parametrize("name", ["", "Prod", "a b", "-a", "a\nb", "../x", "a" * 64, "a:"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """Only what can be typed after --env= becomes a name."""
    with pytest.raises(UsageError, match="cannot name an environment"):
        add(tmp_path, "", name=name)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """An environment is never overwritten."""
    with pytest.raises(UsageError, match="already"):
        add(tmp_path, "environments:\n  production: {include: x}\n")


@pytest.mark.parametrize(
    "text",
    [
        "environments: {lab: {include: x}}\n",
        "{environments: {}}\n",
        "environments: [a]\n",
        "- a\n",
        "environments: text\n",
        "environments:\n  a: &a {include: x}\n  b:\n    *a\n",
    ],
    ids=["flow", "flow-top", "list", "list-top", "text", "alias-below"],
)
def test_a_layout_without_room_is_refused(tmp_path: Path, text: str) -> None:
    """Where lines cannot be put in safely, nothing is returned that would read differently."""
    with pytest.raises(UsageError, match="as it is laid out") as caught:
        add(tmp_path, text)
    assert caught.value.remedy


def test_broken_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    """A file that cannot be read is not written."""
    with pytest.raises(InventoryErrors, match=r"inventory\.yml:2:1: not valid YAML"):
        add(tmp_path, "environments: [\n")


def test_a_comment_cannot_become_content(tmp_path: Path) -> None:
    """Line breaks and control characters in a comment stay inside the comment."""
    new = add(tmp_path, "", comment="a\nhosts: x\r\x85evil: 1\u2028b\x1b[2J")
    assert [line for line in new.splitlines() if "evil" in line or "hosts: x" in line] == [
        "  # hosts: x  evil: 1 b [2J"
    ]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.sampled_from(["1.10", "22:22", "yes", "~", "", "<<", "# a", "a: b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_what_is_written_reads_back(value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any value comes back as it was given, or is refused: it never becomes something else."""
    path = tmp_path_factory.getbasetemp() / "write.yml"
    path.write_text("environments:\n  lab: {include: x}\n")
    try:
        new = add_environment(path, "production", {"files": value})
    except UsageError:
        return
    assert new.startswith("environments:\n  lab: {include: x}\n\n  production:\n")


def test_numbers_that_are_texts_stay_texts(tmp_path: Path) -> None:
    """A version `1.10` is written so that every YAML reader sees a text."""
    (tmp_path / "i.yml").write_text("")
    assert "project: '1.10'" in add_environment(tmp_path / "i.yml", "a", {"project": "1.10"})


def test_writing_keeps_mode_and_link_and_leaves_nothing_beside(tmp_path: Path) -> None:
    """The file keeps its mode, a symbolic link stays one, no temporary file remains."""
    real, link = tmp_path / "real" / "i.yml", tmp_path / "inventory.yml"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomically(link, "new\r\n")
    assert link.is_symlink()
    assert real.read_bytes() == b"new\r\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert os.listdir(real.parent) == ["i.yml"]  # noqa: PTH208


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A text that cannot be encoded harms nothing: the old file is whole and alone."""
    path = tmp_path / "inventory.yml"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["inventory.yml"]
