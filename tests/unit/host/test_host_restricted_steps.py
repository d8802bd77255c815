"""What a restricted key may ask a step for: every step of our plans of code, and nothing that is not one of them."""

from __future__ import annotations

import re
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

ROOM = files("hummii_ops.host").joinpath("restricted")
PLANS = Path(__file__).parents[2] / "golden" / "plans"
OF_THE_DATABASE = {"backup_of_the_database", "database_alone", "database_and_code", "database_prepared"} | {
    "drill_of_a_backup",
    "undo_of_a_database",
}
SETTINGS = """\
project=hummii
project_dir=/opt/hummii
compose_file=docker-compose.prod.yml
backups_dir=backups
health_url=http://127.0.0.1/api/health
env_file=.env
reload=nginx -t
reload=nginx -s reload
"""
STEP = re.compile(r"^# \w+/\S+ \(\d+ s\)\n(holds\(\) .*\nact\(\) .*\n)", re.MULTILINE)
RUN = "/opt/hummii/.hummii-ops/runs/20260101T000000Z-rollback-cafe"
IMAGE = f"sha256:{'e' * 64}"
LIVE = "/opt/hummii/docker-compose.prod.yml"


def judged(folder: Path, *steps: str, modes: str = "600 /opt/hummii/.env\n") -> bool:
    """Does the host take these step files? `modes`: those of today's env files."""
    paths = []
    for number, text in enumerate(steps):
        paths.append(folder / f"step-{number}.sh")
        paths[-1].write_text(text)
    (folder / "settings").write_text(SETTINGS)
    (folder / "modes").write_text(modes)
    known = {
        "settings": folder / "settings",
        "modes": folder / "modes",
        "table": ROOM / "verbs.table",
        "home": "/opt/hummii/.hummii-ops",
    }
    words = [word for name, value in known.items() for word in ("-v", f"{name}={value}")]
    done = subprocess.run(["awk", *words, "-f", str(ROOM / "steps.awk"), *paths], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode == 0


def act(*words: str) -> str:
    return f"holds() {{ is_held; }}\nact() {{ {shlex.join(words)}; }}\n"


@pytest.mark.parametrize("plan", sorted(path.stem for path in PLANS.glob("*.txt")))
def test_the_steps_of_our_plans(plan: str, tmp_path: Path) -> None:
    """Every step of a plan of code is taken; one of the database is not: that is for a key that may do more."""
    steps = STEP.findall((PLANS / f"{plan}.txt").read_text())
    assert len(steps) > 5
    assert judged(tmp_path, *steps) is (plan not in OF_THE_DATABASE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "holds() { is_held; }\n",
        "holds() { is_held; }\nact() { cannot x; }\ntouch x\n",
        "holds() { is_held; }; touch x\nact() { cannot x; }\n",
        "holds() { is_held; }\nact() { cannot x; touch x; }\n",
        "holds() { is_held; }\nact() { cannot $(touch x); }\n",
        "holds() { is_held; }\nact() { cannot `touch x`; }\n",
        'holds() { is_held; }\nact() { cannot "$(touch x)"; }\n',
        "holds() { is_held; }\nact() { cannot 'x; }\n",
        "holds() { is_held; }\nact() { cannot x\\; touch y; }\n",
        "holds() { is_held; }\nact() { cannot x >y; }\n",
        "holds() { is_held; }\nact() { cannot x & }; }\n",
        "holds() { is_held; }\nact() { PATH=/tmp cannot; }\n",
        "act() { cannot x; }\nholds() { is_held; }\n",
        "is_held() { touch x; }\nact() { cannot x; }\n",
        act("sh", "-c", "touch x"),
        act("rm", "-rf", "/"),
        act("sql", "x"),
        act("put_file", "/tmp/x", LIVE, "644"),
        act("put_file", "plan.json", LIVE, "644"),
        act("put_file", "target/../plan.json", LIVE, "644"),
        act("put_file", "target/docker-compose.prod.yml", "/root/.ssh/authorized_keys", "644"),
        act("put_file", "target/docker-compose.prod.yml", f"{LIVE}/../../etc/passwd", "644"),
        act("put_file", "target/docker-compose.prod.yml", LIVE, "4755"),
        act("put_file", "target/docker-compose.prod.yml", LIVE),
        act("put_file", "target/docker-compose.prod.yml", LIVE, "644", "x"),
        act("keep_file", f"{RUN}/plan.json", "target/docker-compose.prod.yml"),
        act("keep_file", f"{RUN}/target/docker-compose.prod.yml", "target/docker-compose.prod.yml"),
        act("keep_file", f"{RUN}/before/../plan.json", "target/docker-compose.prod.yml"),
        act("keep_file", "/opt/hummii/uploads/x.yml", "target/docker-compose.prod.yml"),
        act("keep_file", "/opt/hummii/backups/../uploads/x.backup-1", "target/docker-compose.prod.yml"),
        act("keep_file", "/etc/shadow", "before/.env"),
        act("keep_file", "/opt/hummii/.env", "target/docker-compose.prod.yml"),
        act("keep_file", "/opt/hummii/backups/x.backup-1.release/files/.env", "target/docker-compose.prod.yml"),
        act("keep_file", "/opt/hummii/backups/docker-compose.prod.yml.backup-1", "target/.env"),
        act("put_file", "target/.env", LIVE, "644"),
        act("merge_env", "target/.env.merged", "target/.env", "before/docker-compose.prod.yml", "X"),
        act("keep_file", LIVE, "../x"),
        act("compose_up", "hummii", "/opt/hummii", "/tmp/x.yml", "api"),
        act("compose_up", "other", "/opt/hummii", LIVE, "api"),
        act("compose_up", "hummii", "/opt/hummii", LIVE, "--build"),
        act("stop_services", "other", "api"),
        act("remove_file", "/opt/hummii/backups/x"),
        act("answers", "http://169.254.169.254/latest", "-", "-"),
        act("reload_proxy", "10", "-", "-", "-", "hummii", "nginx", "sh -c id"),
        act("put_mark", "../../x", "bad", "mark.about"),
        act("put_mark", "abc", "bad", "/etc/shadow"),
        act("put_mark", "..", "bad", "mark.about"),
        act("save_evidence", "..", "hummii"),
        act("pull_image", "--help"),
        act("pull_image", "evil:1"),
        act("pull_image", f"evil@{IMAGE}0"),
        f"holds() {{ is_held; }}\nact() {{ 'pull_image' evil@{IMAGE}; }}\n",
        f"holds() {{ is_held; }}\nact() {{ pull'_'image evil@{IMAGE}; }}\n",
        f"holds() {{ is_held; }}\nact() {{ pull_image'' evil@{IMAGE}; }}\n",
        f"holds() {{ 'pull_image' evil@{IMAGE}; }}\nact() {{ cannot x; }}\n",
        act("tag_images", "hummii-api:1.0", "evil:1"),
        act("tag_images", "hummii-api:1.0", IMAGE, "hummii-redis:7", "evil:1"),
        act("tag_images", "hummii-api:1.0", IMAGE, "hummii-redis:7"),
        act("tag_images", IMAGE, "hummii-api:1.0"),
        act("images_are", "hummii-api:1.0", "evil:1"),
        act("restore_side", "hummii", "postgres", "x", "x", "plain", "none", "/x", "1"),
    ],
)
def test_what_is_no_step_of_ours(text: str, tmp_path: Path) -> None:
    """Another form, another verb, another file, another project, another address: not taken."""
    good = act("cannot", "it's", "a 'quoted' word", "")
    assert judged(tmp_path, good, act("pull_image", f"127.0.0.1:5000/api@{IMAGE}"), act("tag_images", "api:1", IMAGE))
    assert not judged(tmp_path, good, text) or text == ""  # one that is empty defines nothing, and its step fails
    assert not judged(tmp_path, text)


def test_an_env_file_is_not_opened_for_others(tmp_path: Path) -> None:
    """Made anew, it is for its owner and group, or as today's: taken away and put back, it is as closed as before."""
    for mode, today, taken in (
        ("600", "600", True),
        ("640", "600", True),
        ("644", "644", True),
        ("644", "600", False),
        ("4", "600", False),
        ("646", "644", False),
    ):
        step = act("put_file", "before/.env", "/opt/hummii/.env", mode)
        assert judged(tmp_path, step, modes=f"{today} /opt/hummii/.env\n") is taken, mode
    assert not judged(tmp_path, act("put_file", "before/.env", "/opt/hummii/.env", "644"), modes="")
    assert judged(tmp_path, act("put_file", "before/docker-compose.prod.yml", LIVE, "644"), modes="")
