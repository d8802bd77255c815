"""Names that the laptop and the server's own door make alike: the same cases, asked of both."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from facts_stacks import image, image_id

from hummii_ops.facts.restore_points.image_refs import version_of
from hummii_ops.steps import step_id

DOOR = Path(__file__).parents[3] / "hummii_ops/host/door"
CASES = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
COMPOSE = "docker-compose.prod.yml"


def door(part: str, call: str, *words: str, before: str = "") -> str:
    """What a function of the door prints."""
    script = f'. "{DOOR}/{part}.sh"\n{before}\n{call} "$@"\n'
    done = subprocess.run(
        ["dash", "-uc", script, "door", *words],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "compose_file": COMPOSE},
    )
    assert not done.stderr
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize(("prefix", "name", "wanted"), CASES["ids"])
def test_a_step_id(prefix: str, name: str, wanted: str) -> None:
    """An id is whole where it can be; a name that was changed to fit, or cut, brings a mark of its own."""
    assert step_id(prefix, name, known_as="compose" if name == COMPOSE else None) == wanted
    assert re.fullmatch("[a-z0-9][a-z0-9-]{0,62}", wanted)
    assert door("render", "step_id", prefix, name) == wanted


def test_no_two_names_have_one_id() -> None:
    """Names that look alike without their signs stay apart."""
    ids = [wanted for _, _, wanted in CASES["ids"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("ref", "label", "wanted"), CASES["versions"])
def test_a_version(ref: str, label: str | None, wanted: str, tmp_path: Path) -> None:
    """A digest is no version, a port is no tag, and `latest` gives way to what the image says of itself."""
    assert (version_of(ref, image("x", version=label)) or "") == wanted
    found = image_id("x")
    (tmp_path / "images").write_text(f"{found}\t{found}\t-\t{label or '-'}\n")
    said = door("releases", "version_of", ref, found, before=f"work={tmp_path}; image_named() {{ :; }}")
    assert said == wanted
