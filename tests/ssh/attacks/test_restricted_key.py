"""A restricted key against a real sshd: what hummii-ops asks for works, and nothing else does."""

# ruff: noqa: E501 - a plan is read as a table

from __future__ import annotations

import io
import subprocess
import tarfile
from base64 import b64decode, encodebytes
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.errors import Refused, Unreachable
from hummii_ops.events import Event
from hummii_ops.facts.read import read
from hummii_ops.facts.read import script as facts_script
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run import perform, restricted, ship, witness
from hummii_ops.run.entry import Entry, script
from hummii_ops.run.install import install, library
from hummii_ops.run.perform import Place
from hummii_ops.steps import Effect, Step
from hummii_ops.transport import LocalTransport, SshTransport, connect

FILE = "docker-compose.prod.yml"
BACKUP = f"{FILE}.backup-20260101_000000Z"
OURS, ANOTHER, BARE, GONE = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
DOCKER = """\
#!/bin/sh
[ "$1" = inspect ] || exit 0
for word; do case $word in aaaa*) echo =restricted ;; bbbb*) echo =other ;; cccc*) echo = ;; dddd*) bad=1 ;; esac; done
exit ${bad:-0}
"""
OLD, NEW = "services: {api: {image: 'api:1.0'}}\n", "services: {api: {image: 'api:1.1'}}\n"


def _listen(_event: Event) -> None:
    """Nobody looks."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A project behind an sshd that a restricted key reaches; its docker knows of no container."""

    folder: Path
    environment: Environment
    sshd: Any

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def home(self) -> str:
        return f"{self.project}/.hummii-ops"

    def link(self) -> SshTransport:
        return connect(self.sshd.endpoint())

    def ssh(self, command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """By OpenSSH's own client, with whatever command."""
        words = ["ssh", "-F", "none", "-p", str(self.sshd.port), "-i", str(self.sshd.key), "-o", "BatchMode=yes"]
        words += ["-o", f"UserKnownHostsFile={self.sshd.known_hosts(self.sshd.line('ed25519'))}"]
        words += [f"{self.sshd.user}@127.0.0.1", "--", command]
        return subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)

    def place(self) -> Place:
        folder = self.folder / "laptop" / "runs"
        return Place(host="host-1", home=self.home, connect=self.link, transport=self.link(), runs_dir=folder)

    def made(self) -> set[str]:
        return {path.name for path in self.folder.rglob("MADE*")}


@pytest.fixture(scope="module")
def host(start_sshd: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("restricted")
    for name in ("bin", "project/backups", "laptop"):
        (folder / name).mkdir(parents=True)
    docker = folder / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (folder / "project" / FILE).write_text(NEW)
    (folder / "project" / ".env").write_text("LEVEL=1\n")
    (folder / "project" / "backups" / BACKUP).write_text(OLD)
    environment = Environment(
        name="lab", hosts=({"name": "host-1", "address": "127.0.0.1"},), project_dir=str(folder / "project"),
        project="restricted", env_files=(".env",), health={"inside": "http://127.0.0.1:9/health"},
    )  # fmt: skip
    sshd = start_sshd(f"SetEnv PATH={folder}/bin:/usr/bin:/bin HOME={folder}")
    home = f"{environment.project_dir}/.hummii-ops"
    install(LocalTransport(), home, library(environment, "host-1", restricted.texts(environment)), replace=False)
    key = restricted.public_key(sshd.key.with_suffix(".pub").read_text())
    (sshd.folder / "authorized_keys").write_text(restricted.authorized_line(environment, key) + "\n")
    return Host(folder=folder, environment=environment, sshd=sshd)


def about(task: str = "rollback") -> ship.About:
    return ship.About(
        run_id=ship.new_run_id(task), task=task, who="ci@runner", reason="it's $(touch MADE) <why>", since_ms=1, hosts=("host-1",)
    )  # fmt: skip


def step(step_id: str, holds: tuple[str, ...], act: tuple[str, ...], effect: Effect = Effect.CHANGES) -> Step:
    return Step(id=step_id, title=step_id, effect=effect, limit_s=20, holds=holds, act=act)


def plan(host: Host) -> Plan:
    """The compose file back to the restore point, by the very verbs of a rollback."""
    live, before, target = f"{host.project}/{FILE}", f"before/{FILE}", f"target/{FILE}"
    old, new = sha256(OLD.encode()).hexdigest(), sha256((host.project / FILE).read_bytes()).hexdigest()
    state = StackState(label="-", identity=None, files={}, modes={}, services=())
    return Plan(
        task="rollback", environment="lab", host="host-1", project="restricted", project_dir=str(host.project),
        left=state, target=state,
        forward=(
            step("keep-target", ("file_kept", target, old), ("keep_file", f"{host.project}/backups/{BACKUP}", target), Effect.PREPARES),
            step("keep-before", ("file_kept", before, new), ("keep_file", live, before), Effect.PREPARES),
            step("restore-compose", ("file_as", live, target), ("put_file", target, live, "644")),
        ),
        back=(step("return-compose", ("file_as", live, before), ("put_file", before, live, "644")),),
        expect="", expect_files=(), probe_url="http://127.0.0.1:9/health",
    )  # fmt: skip


def test_a_run_from_begin_to_end(host: Host) -> None:
    """Read, shipped, run, followed, brought home, its journal's hash compared; its words stay words."""
    (host.project / FILE).write_text(NEW)
    place, asked = host.place(), about()
    assert read(place.transport, host.environment).compose.content == NEW
    outcome = perform.start(place, plan(host), asked, _listen, None)
    assert outcome.state == "done", (place.folder(asked.run_id) / "output.log").read_text()
    assert (host.project / FILE).read_text() == OLD
    entry = Entry(transport=place.transport, home=host.home)
    assert witness.on_host(entry)[asked.run_id] == outcome.journal_sha256
    snapshot = read(place.transport, host.environment)
    assert [one.reason for one in snapshot.runs if one.run_id == asked.run_id] == [asked.reason]
    entry.call("write", "hold", about="who=ci\nreason=x\n")
    assert read(place.transport, host.environment).hold is not None
    entry.call("forget", "hold")
    assert host.made() == set()
    assert not list((host.project / ".hummii-ops").glob(".in.*"))


@pytest.mark.parametrize(
    "command",
    [
        "",
        "id",
        "touch MADE",
        "sh -c 'touch MADE'",
        "exec sh -s",
        "exec sh -s -- ; touch MADE",
        "exec sh -s -- x; touch MADE",
        "exec sh -s -- x\ntouch MADE",
        "exec sh -s -- $(touch MADE)",
        "exec sh -s -- `touch MADE`",
        'exec sh -s -- "$(touch MADE)"',
        "exec sh -s -- 'x' > MADE",
        "exec sh -s -- 'x'\\''$(touch MADE)'",
        "exec sh -s -- ${IFS}",
        "exec sh -s -- ~root",
        "exec sh -s -- *",
        "exec sh -s -- HOME VERB",
        "exec sudo -n -- sh -s -- x",
        "internal-sftp",
        "/usr/lib/openssh/sftp-server",
        "scp -t /tmp",
        "rsync --server . /",
        "git-upload-pack x",
    ],
)
def test_other_commands(host: Host, command: str) -> None:
    """Refused in words, whatever comes on stdin; nothing is run."""
    done = host.ssh(command, "touch MADE-BY-STDIN\nid\n")
    assert (done.returncode, "restricted: " in done.stderr) == (87, True), done
    assert "uid=" not in done.stdout + done.stderr
    assert host.made() == set()


@pytest.mark.parametrize(
    "words",
    [
        ("HOME", "keep_release", "x", FILE),
        ("HOME", "put", "/tmp/x"),
        ("HOME", "main"),
        ("HOME", "eval", "id"),
        ("/tmp", "claim", "r"),
        ("HOME/../../x", "claim", "r"),
        ("HOME", "collect", "../../x"),
        ("HOME", "write", "../../MADE"),
        ("HOME", "write", "marks/../../MADE"),
        ("HOME", "answer", "r", "../x", "go"),
        ("HOME",),
    ],
)
def test_other_words_for_the_entry(host: Host, words: tuple[str, ...]) -> None:
    """A verb that is not for this key, another home, a path for a name: refused."""
    with closing(host.link()) as link:
        said = link.call(script(about="x=y\n"), *(word.replace("HOME", host.home) for word in words))
    assert said.exit_code == 87, said
    assert host.made() == set()


def test_the_laptop_is_told_why(host: Host) -> None:
    """By a verb that is waited for, and by a stream that is followed."""
    lines: list[str] = []
    with closing(host.link()) as link:
        with pytest.raises(Refused, match="restricted: the verb keep_release is not for this key"):
            Entry(transport=link, home=host.home).call("keep_release", "x")
        assert link.stream(script(), host.home, "keep_release", "x", on_line=lines.append) == 87
    assert lines == ["restricted: the verb keep_release is not for this key"]


def test_a_script_of_another_making(host: Host) -> None:
    """One byte more than what is installed: not run, and said why; the laptop says it as an error of its own."""
    with closing(host.link()) as link:
        for text in (
            "touch MADE",
            script() + "\ntouch MADE\n",
            script().replace("claim()", "claim() { touch MADE; }; c()"),
        ):
            assert link.call(text, host.home, "claim", "r").exit_code == 87
        changed = replace_dir(host.environment, "/etc")
        with pytest.raises(Unreachable, match="restricted"):
            read(link, changed)
    assert host.made() == set()


def replace_dir(environment: Environment, folder: str) -> Environment:
    return environment.model_copy(update={"project_dir": folder})


def test_what_compose_reads(host: Host) -> None:
    """A restore point is read with its own env file; a file that a run brought along is not: it could ask for secrets."""
    backup, brought = f"{host.project}/backups/{BACKUP}", f"{host.home}/runs/r/plan.json"
    words = (f"{backup}.release", f"use:{backup}.release/files/.env", "env:.env")
    with closing(host.link()) as link:
        for path, code in ((backup, 0), (brought, 87)):
            said = link.call(facts_script("target.sh"), str(host.project), host.environment.project, path, *words)
            assert said.exit_code == code, said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((OURS,), 0),
        ((OURS, GONE), 0),
        ((GONE,), 0),
        ((ANOTHER,), 87),
        ((BARE,), 87),
        ((OURS, ANOTHER, GONE), 87),
    ],
)
def test_whose_logs(host: Host, words: tuple[str, ...], code: int) -> None:
    """Of containers of this project alone; one that is gone meanwhile is no reason to refuse the others."""
    checks = files("hummii_ops.checks")
    with closing(host.link()) as link:
        for name, more in (("last_words", ("40",)), ("logs", ("5", "100", "word:x"))):
            asked = [f"{word}:1:" for word in words] if name == "logs" else words
            said = link.call(checks.joinpath(f"{name}.sh").read_text(), *more, *asked)
            assert said.exit_code == code, said


def spoiled(texts: dict[str, str], **changes: str) -> dict[str, str]:
    """The folder with changes, and a manifest that fits."""
    made = {name: text for name, text in (texts | changes).items() if name != "manifest"}
    sums = (f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(made.items()))
    return made | {"manifest": "".join(sums)}


EVIL = "holds() { is_held; }\nact() { cannot x; touch MADE; }\n"
DIGEST = f"api@sha256:{'e' * 64}"
PULLS_TO_LOOK = f"holds() {{ pull_image {DIGEST}; }}\nact() {{ cannot x; }}\n"
PULLS = f"holds() {{ is_held; }}\nact() {{ pull_image {DIGEST}; }}\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"forward/restore-compose.sh": EVIL},
        {"back/return-compose.sh": EVIL},
        {"ready/as-planned.sh": "holds() { touch MADE; }\nact() { cannot x; }\n"},
        {"lib/runner.sh": "touch MADE\n"},
        {"lib/verbs/zzz.sh": "touch MADE\n"},
        {"lib/probe.url": "file:///etc/shadow"},
        {"lib/sql/serves.sql": "DROP TABLE x;\n"},
        {"target/docker-compose.prod.yml": "services: {}\n"},
        {"before/docker-compose.prod.yml": "services: {}\n"},
        {"facts/left": "x\n"},
        {"state": "done\n"},
        {"next": "../../x\n"},
        {"check.sql": "DROP TABLE x;\n"},
        {"forward.list": "../../x 5 reads\n"},
        {"forward.list": "keep-target 5 reads; touch MADE\n"},
        {"forward/x y.sh": EVIL},
        {"back/return-compose.sh": PULLS},
        {"back/return-compose.sh": PULLS.replace("pull_image", "'pull_image'")},
        {"back/return-compose.sh": PULLS_TO_LOOK},
        {
            "forward/restore-compose.sh": "holds() { is_held; }\nact() { cannot x; }",
            "back/return-compose.sh": PULLS_TO_LOOK,
        },
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_run_that_is_more_than_a_plan(host: Host, changes: dict[str, str]) -> None:
    """A script for a step, another library, a file for the stack: not taken, and the lease is not kept for long."""
    asked = about()
    texts = spoiled(dict(ship.folder(plan(host), asked)), **changes)
    with closing(host.link()) as link:
        entry = Entry(transport=link, home=host.home)
        with pytest.raises(Refused, match="restricted: "):
            entry.call("receive", asked.run_id, payload=ship.pack(texts))
    assert not (Path(host.home) / "runs" / asked.run_id).exists()
    assert host.made() == set()


@pytest.mark.parametrize("missing", ["forward.list", "back.list", "tidy.list", "forward/restore-compose.sh"])
def test_a_list_that_names_what_is_elsewhere(host: Host, missing: str) -> None:
    """Without all three lists and a step for each line nothing is taken: a file beside the run is never read as a step."""
    asked = about()
    texts = dict(ship.folder(plan(host), asked))
    del texts[missing]
    if missing.endswith(".list"):
        other = "back.list" if missing == "forward.list" else "forward.list"
        texts[other] = "../../../../deploy 5 changes\n"
    with closing(host.link()) as link, pytest.raises(Refused, match="restricted: a list"):
        Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(spoiled(texts)))
    assert not (Path(host.home) / "runs" / asked.run_id).exists()


def test_a_pull_of_what_a_restore_point_names(host: Host) -> None:
    """The same digest is taken as soon as a restore point of this host has it."""
    record = host.project / "backups" / f"{BACKUP}.release" / "record.json"
    record.parent.mkdir()
    record.write_text(f'{{"digests": {{"api": "{DIGEST}"}}}}\n')
    asked = about()
    texts = spoiled(dict(ship.folder(plan(host), asked)), **{"back/return-compose.sh": PULLS})
    with closing(host.link()) as link:
        Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(texts))
    assert (Path(host.home) / "runs" / asked.run_id / "state").read_text() == "ready\n"
    record.unlink()
    record.parent.rmdir()


def test_an_env_file_as_open_as_today(host: Host) -> None:
    """What others may read today may be put back so; what they may not, not."""
    file = host.project / ".env"
    puts = f"holds() {{ file_as {file} before/.env; }}\nact() {{ put_file before/.env {file} 644; }}\n"
    for mode, taken in ((0o644, True), (0o600, False)):
        file.chmod(mode)
        asked = about()
        texts = spoiled(dict(ship.folder(plan(host), asked)), **{"back/return-compose.sh": puts})
        with closing(host.link()) as link, nullcontext() if taken else pytest.raises(Refused, match="restricted: "):
            Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(texts))
        assert (Path(host.home) / "runs" / asked.run_id).exists() is taken


def test_links_in_what_is_sent(host: Host) -> None:
    """A symbolic link or a hard link in the folder of a run: not taken."""
    asked = about()
    packed = b64decode(ship.pack(ship.folder(plan(host), asked)))
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        raw = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(packed)) as old, tarfile.open(fileobj=raw, mode="w:gz") as new:
            for member in old:
                new.addfile(member, old.extractfile(member))
            link = tarfile.TarInfo("options")
            link.type, link.linkname = kind, "plan.json"
            new.addfile(link)
        with closing(host.link()) as there, pytest.raises(Refused):
            Entry(transport=there, home=host.home).call(
                "receive", asked.run_id, payload=encodebytes(raw.getvalue()).decode()
            )
        assert not (Path(host.home) / "runs" / asked.run_id).exists()


def test_neither_forwarding_nor_a_terminal(host: Host) -> None:
    """`restrict`: no port is forwarded, no terminal is given."""
    line = (host.sshd.folder / "authorized_keys").read_text()
    assert line.startswith("restrict,command=")
    with closing(host.link()) as link:
        assert link.call("id").exit_code == 87


def test_the_line_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    """Put into authorized_keys once, beside what stands there; a key that has more rights there is refused."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    file = tmp_path / ".ssh" / "authorized_keys"
    file.write_text("ssh-ed25519 AAAAother me")  # no line break at its end
    key = restricted.public_key(host.sshd.key.with_suffix(".pub").read_text())
    line = restricted.authorized_line(host.environment, key)
    for _ in range(2):
        restricted.authorize(LocalTransport(), line)
    assert file.read_text().splitlines() == ["ssh-ed25519 AAAAother me", line]
    file.write_text(f"{key} ci\n")
    with pytest.raises(Refused, match="more rights"):
        restricted.authorize(LocalTransport(), line)
    assert file.read_text() == f"{key} ci\n"
