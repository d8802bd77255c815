"""The real runner with the real steps' files: what becomes of the run that was said beforehand to follow one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hummii_ops.run.ship import library

FIRST, NEXT = "20260101T000000Z-prepare-db-0001", "20260101T000000Z-rollback-db-0002"
PREPARED = ': >"$run/prepared"'


def lay(home: Path, run_id: str, act: str, *, state: str = "ready", then: str = "") -> Path:
    """A run with one step, as it lies on a host before it begins."""
    run = home / "runs" / run_id
    texts = {f"lib/{name}": text for name, text in library().items()} | {
        "lib/probe.url": "",
        "about": f"run={run_id}\nwho=someone\n",
        "ready/as-planned.sh": "holds() { true; }\nact() { false; }\n",
        "forward.list": "one 10 prepares\n",
        "forward/one.sh": f'holds() {{ [ -e "$run/made" ]; }}\nact() {{ {act}; }}\n',
        "back.list": "",
        "tidy.list": "",
        "state": f"{state}\n",
        "journal.jsonl": "",
        "output.log": "",
    }
    if then:
        texts["next"] = f"{then}\n"
    for name, text in texts.items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(text)
    return run


@pytest.mark.parametrize(
    ("act", "next_state", "ends"),
    [
        (f': >"$run/made"; {PREPARED}', "ready", ("prepared", "done")),
        (f': >"$run/made"; {PREPARED}', "abandoned", ("prepared", "abandoned")),
        ("false", "ready", ("refused", "abandoned")),
        (f': >"$run/made"; : >"$run/cancel"; {PREPARED}', "ready", ("prepared", "abandoned")),
    ],
)
def test_the_one_that_follows(act: str, next_state: str, ends: tuple[str, str], tmp_path: Path) -> None:
    """It begins if all is prepared and nobody gave it up; else it is given up. No lease is left behind."""
    first = lay(tmp_path, FIRST, act, then=NEXT)
    second = lay(tmp_path, NEXT, ': >"$run/made"', state=next_state)
    (tmp_path / "lease").write_text(f"run={FIRST}\nwho=someone\n")
    subprocess.run(["sh", f"{first}/lib/runner.sh", str(first)], timeout=60, check=True)
    assert tuple((run / "state").read_text().strip() for run in (first, second)) == ends
    assert (second / "made").exists() == (ends[1] == "done")
    assert not (tmp_path / "lease").exists()
