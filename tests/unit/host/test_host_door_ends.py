"""How the server's own script says the end of a run that changed nothing, or was given up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

FOLLOW = Path(__file__).parents[3] / "hummii_ops/host/door/follow.sh"
FAILED = '{"t":1,"ev":"failed","list":"forward","step":"keep-target-1","code":1,"log":0}\n'


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(
    ("state", "files", "code", "words"),
    [
        ("refused", {}, 3, "the stack changed while the plan was made"),
        (
            "refused",
            {"failed": "keep-target-1\n", "journal.jsonl": FAILED, "output.log": "no room\n"},
            3,
            "keep-target-1",
        ),
        ("abandoned", {}, 3, "cancelled by someone before anything was changed"),
        ("abandoned", {"changed": "1\n"}, 6, "what runs is not proven"),
    ],
)
def test_why_it_ended(tmp_path: Path, shell: str, state: str, files: dict[str, str], code: int, words: str) -> None:
    """The step that could not be done is named; that the stack has changed is said only where it has."""
    folder = tmp_path / "runs" / "R"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    script = f'. "{FOLLOW}"\nstop() {{ echo "$2"; exit "$1"; }}\nhome={tmp_path} run=R label=1.0\nend_as {state}\n'
    done = subprocess.run([shell, "-uc", script], capture_output=True, text=True)
    assert (done.returncode, words in done.stdout) == (code, True), done
