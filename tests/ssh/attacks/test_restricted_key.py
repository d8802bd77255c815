"""A restricted key against a real sshd: what hummii-ops asks for works, and nothing else does."""

# ruff: noqa: E501 - a plan is read as a table

from __future__ import annotations

from contextlib import closing
from importlib.resources import files

import pytest
from restricted_host import BACKUP, FILE, NEW, OLD, Host, about, plan

from hummii_ops.errors import Refused, Unreachable
from hummii_ops.events import Event
from hummii_ops.facts.reading.read import read
from hummii_ops.facts.reading.read import script as facts_script
from hummii_ops.inventory.models import Environment
from hummii_ops.run import perform, witness
from hummii_ops.run.entry import Entry, script

OURS, ANOTHER, BARE, GONE = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def _listen(_event: Event) -> None:
    """Nobody looks."""


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
    checks = files("hummii_ops.checks.logs")
    with closing(host.link()) as link:
        for name, more in (("last_words", ("40",)), ("logs", ("5", "100", "word:x"))):
            asked = [f"{word}:1:" for word in words] if name == "logs" else words
            said = link.call(checks.joinpath(f"{name}.sh").read_text(), *more, *asked)
            assert said.exit_code == code, said
