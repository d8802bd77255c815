"""Who else is at work on this stack: a judgement of process lines, pure.

Never takes our own runner for a stranger, nor a person who only looks; never keeps a value of a command line
that could be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

from hummii_ops.facts.frames import Frame
from hummii_ops.facts.snapshot import Process
from hummii_ops.transport.text import printable

_CHANGES = frozenset(
    {
        "up",
        "down",
        "restart",
        "stop",
        "start",
        "rm",
        "create",
        "run",
        "kill",
        "pull",
        "build",
        "watch",
        "scale",
    }
)
# Compose's global options that take a value, as `docker compose --help` of 2.26 lists them.
_TAKE_A_VALUE = frozenset(
    {"-f", "--file", "-p", "--project-name", "--project-directory", "--env-file"}
    | {"--profile", "--ansi", "--progress", "--parallel"}
)
_LOOKERS = frozenset(
    {"vi", "vim", "nvim", "view", "nano", "emacs", "less", "more", "cat", "tail", "head", "grep", "egrep"}
    | {"rg", "watch", "man", "stat", "ls", "diff", "git", "ps", "pgrep", "chmod", "sha256sum"}
)
_DOCKERS = frozenset({"docker", "docker-compose"})
_RUNNER = ".hummii-ops/runs/"
_GUARD = re.compile(r"\.hummii-ops/lib/[^/ ]+/guard/")
_CLOCK_TICKS_PER_S = 100  # USER_HZ, the same on every Linux architecture that Docker runs on
_ASSIGNED = re.compile(r"(\b[A-Za-z_][A-Za-z0-9_-]*)=(\S+)")
_LOGIN = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_BETWEEN = re.compile(r"[\s;&|=()'\"]+")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process as it was found: its argv may hold secrets, and stays in this module."""

    process: Process
    ancestors: tuple[int, ...]
    argv: tuple[str, ...] = field(repr=False)


def running(found: Iterable[Frame], *, uptime_s: float) -> tuple[Running, ...]:
    """Read `process` frames: lines of pid and ancestors, start in ticks, user, cwd; then the cmdline."""
    read = (_running(frame.text, uptime_s) for frame in found)
    return tuple(one for one in read if one is not None)


def at_work(
    found: Iterable[Running], *, project: str, project_dirs: Iterable[str], compose_file: str, words: Iterable[str]
) -> tuple[Process, ...]:
    """Those that change this project now: a Compose command that changes something, or a deploy word.

    `project_dirs`: the spellings of the one folder, as the inventory has it and without links.
    Left out: other projects, what our own runner started, and a child of one that is already named.
    """
    every, wanted = sorted(found, key=lambda one: one.process.pid), tuple(words)
    folders = tuple({one.rstrip("/") for one in project_dirs} - {""})
    ours = {one.process.pid for one in every if any(_RUNNER in word for word in one.argv) or is_guard(one.argv)}
    named = {
        one.process.pid: one
        for one in every
        if one.process.pid not in ours
        and ours.isdisjoint(one.ancestors)
        and (compose_verb(one.argv) in _CHANGES or any(is_deploy(one.argv, word) for word in wanted))
        and _concerns(one, project=project, folders=folders, compose_file=compose_file)
    }
    return tuple(one.process for one in named.values() if named.keys().isdisjoint(one.ancestors))


def is_guard(argv: tuple[str, ...]) -> bool:
    """The guard of a deploy, or what calls it: one that waits changes nothing, and one that works holds the lease."""
    words = " ".join(argv)
    return ("hummii-host" in words and "with-lease" in words) or bool(_GUARD.search(words))


def compose_verb(argv: tuple[str, ...]) -> str | None:
    """The verb of `docker compose …` or `docker-compose …`, behind sudo or a shell too; else None."""
    words = [word for one in argv for word in _BETWEEN.split(one) if word]
    for at, word in enumerate(words):
        name = PurePosixPath(word).name
        if name == "docker-compose" or (name == "compose" and _DOCKERS & set(_names(words[:at]))):
            verb = _first_operand(words[at + 1 :])
            if verb != "compose":  # `docker-compose compose up` is how the plugin is started
                return verb
    return None


def is_deploy(argv: tuple[str, ...], word: str) -> bool:
    """Does it run the deploy word: as a program, as a script, or in the text of a `sh -c`?"""
    if not argv or PurePosixPath(argv[0]).name in _LOOKERS:
        return False
    tokens, wanted = _names(_BETWEEN.split(" ".join(argv))), _names(word.split())
    return bool(wanted) and any(tokens[at : at + len(wanted)] == wanted for at in range(len(tokens)))


def masked(args: str) -> str:
    """A command line without what may be a secret: no value after `=`, no password in a URL."""
    return printable(_LOGIN.sub(r"\1:***@", _ASSIGNED.sub(r"\1=***", args))).replace("\n", " ")[:500]


def _running(text: str, uptime_s: float) -> Running | None:
    family, _, rest = text.partition("\n")
    started, _, rest = rest.partition("\n")
    user, _, rest = rest.partition("\n")
    cwd, _, command = rest.partition("\n")
    pids = tuple(int(one) for one in family.split() if one.isdecimal())
    argv = tuple(one for one in command.split("\0") if one)
    if not pids or not argv or not started.isdecimal():
        return None
    process = Process(
        pid=pids[0],
        ppid=pids[1] if len(pids) > 1 else 1,
        user=user,
        age_s=max(0, round(uptime_s - int(started) / _CLOCK_TICKS_PER_S)),
        args=masked(" ".join(argv)),
        cwd=printable(cwd) or None,
    )
    return Running(process=process, ancestors=pids[1:], argv=argv)


def _concerns(one: Running, *, project: str, folders: tuple[str, ...], compose_file: str) -> bool:
    """By its words, else by where it stands; one of which neither is known counts too."""
    tokens = [word for word in _BETWEEN.split(" ".join(one.argv)) if word]
    chosen = next((after for word, after in pairwise(tokens) if word in {"-p", "--project-name"}), None)
    if chosen is not None:
        return chosen == project
    if any(_is_inside(word, folders) for word in tokens):
        return True
    cwd = one.process.cwd
    if cwd is not None:
        return _is_inside(cwd, folders)
    files = [word for word in tokens if word.endswith((".yml", ".yaml"))]
    return not files or any(PurePosixPath(word).name == PurePosixPath(compose_file).name for word in files)


def _is_inside(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _first_operand(words: list[str]) -> str | None:
    rest = iter(words)
    for word in rest:
        if word in _TAKE_A_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None


def _names(words: Iterable[str]) -> list[str]:
    return [PurePosixPath(word).name for word in words if word]
