"""What the server's door sees and says by itself: look.sh and checks.sh under dash and bash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

DOOR = Path(__file__).parents[3] / "hummii_ops/host/door"
WORDS = [
    ('line 2: unexpected "+" in variable name near "DB PASS+WORD=hunter2\\nB=1\\n"', "variable name near ***"),
    ('line 2: unexpected character " " in variable name "DB PASS=hunter2"', "in variable name ***"),
    ("line 1: unterminated quoted value 'hunter2", "unterminated quoted value ***"),
    ('invalid interpolation format for X: "a${hunter2". You may', "format for X: ***. You may"),
    ("You may need to escape any $ with another $.\na${hunter2 hunter2", "with another $. ***"),
    ("line 3: cannot unmarshal !!str `hunter2` into map", "!!str *** into map"),
    ('service "api" refers to undefined network "back-end"', 'service "api" refers to undefined network "back-end"'),
]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(("said", "expected"), WORDS)
def test_the_door_quotes_no_file(tmp_path: Path, shell: str, said: str, expected: str) -> None:
    """Compose may quote the rest of an env file: what the door prints has none of it, and still says why."""
    (tmp_path / "said").write_text(f'time="now" level=warning msg="x"\n{said}\n')
    text = f"project=p project_dir=/ work={tmp_path}\ntimeout() {{ cat {tmp_path}/said >&2; return 15; }}\n"
    text += (DOOR / "look.sh").read_text() + "config_of /x\n"
    done = subprocess.run([shell, "-s"], input=text, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert expected in done.stdout
    assert "hunter2" not in done.stdout


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_door_sees_a_deploy_behind_a_link(tmp_path: Path, shell: str) -> None:
    """The settings may name a link to the folder; a process says where it stands without links."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "deploys").write_text("ship-it.sh\n")
    deploy = tmp_path / "real/ship-it.sh"
    deploy.write_text("#!/bin/sh\nread -r _\n")
    deploy.chmod(0o755)
    text = (DOOR / "checks.sh").read_text() + f"project=p project_dir={tmp_path}/link work={tmp_path}\ndeploys_now\n"
    with subprocess.Popen(["./ship-it.sh"], cwd=tmp_path / "real", stdin=subprocess.PIPE) as working:
        done = subprocess.run([shell, "-s"], input=text, capture_output=True, text=True, check=False, timeout=20)
        working.communicate(b"\n")
    assert f"pid {working.pid} " in done.stdout
