"""Bad input, and a world that is not as it should be: a clear message, the right exit code, and nothing changed."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from lab_operator import Operator
from lab_production import FILE, PROJECT, Production

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--yes", "--settle=0")
HOSTILE = ("v1; touch /tmp/P", "$(touch /tmp/P)", "`touch /tmp/P`", "../../etc/passwd", "-rf", "a\nb", "x" * 300, "")
REASON = "--reason=to see it refused"

# Bare backups that cannot work, by the timestamp that names them: each a change (sed) to today's compose file. Their
# time is to come: so no image is younger than they are, and --latest never means one.
BROKEN = {
    "20990101_000001": ("s|image: hummii-api:.*|image: hummii-api:2.3.1|", "hummii-api:2.3.1 is not on the host"),
    "20990101_000002": ("s|image: hummii-api:.*|image: hummii-api:2.3.2|", "hummii-api:2.3.2 is not on the host"),
    "20990101_000003": ("s|^  api:|  api|", "does not parse"),
    "20990101_000004": ("s|REDIS_HOST: redis|REDIS_HOST: ${NOWHERE_SET:?is needed}|", "NOWHERE_SET"),
    "20990101_000005": (
        "s|image: hummii-api:.*|image: hummii-api:1.2|;s|^  redis:|&\\n    no_such_key: 1|",
        "no_such_key",
    ),
}


@pytest.fixture(scope="module")
def broken(production: Production) -> Production:
    """Production on 1.1, with restore points that cannot work beside the good one of 1.0."""
    production.rewind()
    production.deploy("1.1")
    for stamp, (change, _) in BROKEN.items():
        production.sh(f'cd {PROJECT}; sed "$1" {FILE} > backups/{FILE}.backup-$2', change, stamp, user="deploy")
    production.sh(
        f"""
        cd {PROJECT}/backups
        sed 's|image: hummii-api:.*|image: hummii-api:1.0|' ../{FILE} > {FILE}.backup-20990101_000006
        mkdir {FILE}.backup-20990101_000006.release
        printf '{{"schema": "hummii-ops/release/v1", "at": "2025-01' > {FILE}.backup-20990101_000006.release/record.json
        """,
        user="deploy",
    )
    return production


@contextmanager
def unchanged(production: Production) -> Iterator[None]:
    """Files, containers and images are the same afterwards, and nothing that was sent was executed."""
    before = production.fingerprint()
    yield
    assert production.fingerprint() == before


def test_a_text_that_can_be_no_version_is_wrong_usage(broken: Production, operator: Operator) -> None:
    """Hostile strings as --to: exit 2, said in one document, never executed, on no host."""
    with unchanged(broken):
        for said in operator.each(*((*ROLLBACK, f"--to={text}", REASON) for text in HOSTILE)):
            document = said.ended(2).document
            assert document["verdict"] == "usage"
            assert document["error"]
            assert "\n" not in document["error"]


def test_a_release_that_cannot_be_meant_is_refused(broken: Production, operator: Operator) -> None:
    """No such release, an ambiguous prefix, a backup whose image, file, variable or record is not whole: exit 3."""
    cases = {"7.7": "no release 7.7", "20200101_000000": "no release", "2.3": "2.3.1", "etc-passwd": "no release"}
    cases |= {stamp: words for stamp, (_, words) in BROKEN.items()} | {"20990101_000006": "record"}
    with unchanged(broken):
        all_said = operator.each(*((*ROLLBACK, f"--to={text}", REASON) for text in cases))
    for said, words in zip(all_said, cases.values(), strict=True):
        document = said.ended(3).document
        assert words in document["error"]
        assert document["remedy"]


def test_what_cannot_be_restored_is_listed_with_its_reason(broken: Production, operator: Operator) -> None:
    """`releases` reads (0), however ill the restore points are; a bare `rollback` shows the same list and exits 2."""
    with unchanged(broken):
        listed = operator.fab("releases").ended(0).document["releases"]
        bare = operator.fab("rollback").ended(2).document["releases"]
        operator.fab("rollback", "--list").ended(0)
        operator.fab("backups", "--format=text").ended(0)
    reasons = {one["id"]: " ".join(one["reasons"]) for one in listed if not one["restorable"]}
    assert reasons.keys() >= {"20990101_000001", "20990101_000003", "20990101_000004", "20990101_000006"}
    assert [one["id"] for one in bare] == [one["id"] for one in listed]
    assert "1.0" in [one["version"] for one in listed if one["restorable"]]


def test_the_running_release_is_no_target(broken: Production, operator: Operator) -> None:
    """--to= the release that runs: 3, equal to the running one."""
    made = operator.fab("snapshot", "--reason=what runs now").ended(0).document["restore_points"][0]["id"]
    with unchanged(broken):
        for said in operator.each(*((*ROLLBACK, f"--to={text}", REASON) for text in (made, "1.1"))):
            assert "equal to the running one" in said.ended(3).document["error"]


def test_a_reason_is_one_line_of_500_characters(broken: Production, operator: Operator) -> None:
    """A line break, a control character, bytes that are no text, or 501 characters: 2."""
    with unchanged(broken):
        reasons = ("a\nb", "a\rb", "a\x1b[2Jb", "a\x7fb", "a\u2028b", "a\udcffb", "x" * 501)
        for said in operator.each(*((*ROLLBACK, "--latest", f"--reason={reason}") for reason in reasons)):
            said.ended(2)


def test_wrong_usage_of_fab_itself(broken: Production, operator: Operator) -> None:
    """Fabric's --dry and -H, an unknown task or flag, two changing tasks in one call, two targets: 2."""
    calls = (
        ("--dry", "rollback", "--latest"),
        ("-H", "127.0.0.1", "rollback", "--latest"),
        ("rollback", "--latest", "--yes", "undo", "--yes"),
        ("status", "rollback", "--latest", "--yes"),
        ("no-such-task",),
        ("rollback", "--latest", "--no-such-flag"),
        ("--no-such-flag",),
        ("--dry-run", "rollback", "--latest"),
        ("rollback", "--latest", "--to=1.0"),
        ("rollback", "--latest", "--format=xml"),
        ("rollback", "--latest", "--settle=soon"),
        ("rollback", "--latest", "--settle=-5"),
        ("rollback", "--latest", "--health-timeout=-5"),
        ("status", "--env=nowhere"),
        ("status", "--limit=lab-9"),
        ("attach", "--run=../../x"),
    )
    with unchanged(broken):
        for said in operator.each(*calls):
            assert "Traceback" not in said.ended(2).everything
            assert said.everything.strip(), said.words


def test_without_a_terminal_nothing_is_asked(broken: Production, operator: Operator) -> None:
    """No terminal and no --yes: refused at once (3), with the very command that does not ask; nothing changes."""
    with unchanged(broken):
        for words in (("rollback", "--latest", REASON), ("unlock", REASON)):
            said = operator.fab(*words).ended(3)
            assert f"{shlex.join((*words, '--format=json'))} --yes" in said.document["remedy"]
        page = operator.fab("rollback", "--latest", "--format=text").ended(3).stderr
        assert page.rstrip().endswith('rollback --latest --format=text --yes --reason="…"')
        for said in operator.each(("resume",), ("cancel",), ("undo",)):
            said.ended(3)


def test_a_host_that_is_not_the_one_we_know(broken: Production, laptop: Callable[..., Operator]) -> None:
    """An unknown host key, a changed one, and a host that does not answer: 3, and no login is tried."""
    known = broken.lab.known_hosts.read_text()
    place = known.split()[0]
    key = broken.lab.folder / "id_ed25519.pub"  # a key of the same kind, and another one
    stranger = f"{place} {' '.join(key.read_text().split()[:2])}\n"
    with unchanged(broken):
        for name, text in (("unknown", ""), ("changed", stranger)):
            operator = laptop(name, f"known_hosts: [{name}]")
            (operator.folder / name).write_text(text)
            document = operator.fab(*ROLLBACK, "--latest", REASON).ended(3).document
            assert "key" in document["error"]
            assert "SHA256:" in document["error"]
        hosts = "hosts: [{name: lab-1, address: 127.0.0.1, port: 1, user: deploy}]"
        assert "127.0.0.1" in laptop("nowhere", hosts).fab(*ROLLBACK, "--latest", REASON).ended(3).document["error"]
        wrong = f"hosts: [{{name: lab-1, address: 127.0.0.1, port: {broken.host.ssh_port}, user: nobody-here}}]"
        laptop("login", wrong).fab(*ROLLBACK, "--latest", REASON).ended(3)


def test_a_deploy_at_work_is_not_disturbed(broken: Production, operator: Operator) -> None:
    """While deploy.sh runs on the host: 4, with its pid and its user."""
    script = (
        f"printf 'sleep 600 & wait' > /tmp/deploy.sh; cd {PROJECT}; setsid sh /tmp/deploy.sh >/dev/null 2>&1 & echo $!"
    )
    pid = broken.sh(script, user="ops")
    try:
        with unchanged(broken):
            document = operator.fab(*ROLLBACK, "--latest", REASON).ended(4).document
        assert f"pid {pid}" in document["error"]
        assert "user ops" in document["error"]
        assert operator.fab("status").ended(0).document["at_work"][0]["pid"] == int(pid)
    finally:
        broken.sh('kill -- "-$1"', pid)


def test_docker_does_not_answer(broken: Production, operator: Operator) -> None:
    """With the engine down a rollback is refused (3) with what to do; `status` still reads (0) and says so."""
    before = broken.containers(), broken.sh(f"find {PROJECT} -type f -exec sha256sum {{}} + | sort")
    broken.sh("lab-dockerd stop")
    try:
        document = operator.fab(*ROLLBACK, "--latest", REASON).ended(3).document
        assert "docker does not answer" in document["error"]
        assert operator.fab("status").ended(0).document["hosts"][0]["engine_error"]
    finally:
        broken.sh("lab-dockerd start")
    assert (broken.containers(), broken.sh(f"find {PROJECT} -type f -exec sha256sum {{}} + | sort")) == before


def test_an_inventory_with_mistakes(operator: Operator) -> None:
    """No inventory, and one with mistakes: 2, each with its line and the nearest right name."""
    operator.inventory.write_text("environments:\n  lab:\n    hosts:\n      - {name: a, adress: b}\n    projct: x\n")
    said = operator.fab("status").ended(2).document["error"]
    assert 'did you mean "address"' in said
    assert "inventory.yml:5:" in said
    operator.inventory.unlink()
    operator.fab("status").ended(2)


def test_a_hostile_reason_is_kept_and_never_executed(broken: Production, operator: Operator) -> None:
    """Every hostile string is a fine reason: kept and shown as it is by `runs` and `status`, executed by nobody."""
    strings = " ".join(text.replace("\n", "\\n") for text in HOSTILE if len(text) < 100)
    reason = f"{strings} 'q' \"d\" \\ [bold]x[/] :bomb: %s ${{HOME}} ünï 👩‍🚀"
    operator.fab("hold", f"--reason={reason}").ended(0)
    assert operator.fab("status").ended(0).document["hold"]["reason"] == reason
    assert reason in operator.fab("status", "--format=text").ended(0).stdout
    operator.fab("unhold", f"--reason={reason}").ended(0)
    operator.fab("mark", "--good", "--release=1.0", f"--reason={'x' * 500}").ended(0)

    run = operator.fab(*ROLLBACK, "--latest", f"--reason={reason}").ended(0).document["run_id"]

    assert operator.fab("runs").ended(0).document["runs"][0]["reason"] == reason
    listed = operator.fab("runs", "--format=text").ended(0).stdout
    assert run in listed
    assert reason in listed
    assert operator.fab("status").ended(0).document["hold"]["reason"] == reason
    assert not broken.holds("[ -e /tmp/P ]")
    assert subprocess.run(["test", "-e", "/tmp/P"], check=False).returncode != 0
