"""Steps on the stack's files. Live paths are absolute; copies live in the run's folder under before/ and target/."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.steps.services import Project
from hummii_ops.steps.step import Effect, Step, step_id


def _id(prefix: str, project: Project, name: str) -> str:
    return step_id(prefix, name, known_as="compose" if project.path(name) == project.file else None)


def keep(which: str, project: Project, name: str, path: str, sha256: str) -> Step:
    """A proven copy of `path` under `which`/ (before or target) in the run's folder."""
    noun = "what stands there now" if which == "before" else "the release's copy"
    return Step(
        id=_id(f"keep-{which}", project, name),
        title=f"keep {noun} of {name}",
        effect=Effect.PREPARES,
        limit_s=20,
        holds=("file_kept", f"{which}/{name}", sha256),
        act=("keep_file", path, f"{which}/{name}"),
    )


def merge_env(project: Project, name: str, keys: Sequence[str]) -> Step:
    """target/NAME.merged: the release's variables, with `keys` as they are today."""
    words = (f"target/{name}.merged", f"target/{name}", f"before/{name}", *keys)
    return Step(
        id=_id("merge", project, name),
        title=f"keep today's {', '.join(keys)} in {name}",
        effect=Effect.PREPARES,
        limit_s=10,
        holds=("env_merged", *words),
        act=("merge_env", *words),
    )


def restore(project: Project, name: str, copy: str, mode: str, *, back: bool = False) -> Step:
    """The live file has the bytes of the run's copy."""
    path = project.path(name)
    return Step(
        id=_id("return" if back else "restore", project, name),
        title=f"{'put back' if back else 'restore'} {name}",
        effect=Effect.CHANGES,
        limit_s=20,
        holds=("file_as", path, copy),
        act=("put_file", copy, path, mode),
    )


def remove(project: Project, name: str) -> Step:
    """A file that the other state brought is away again; that state's own copy is in the run's folder."""
    path = project.path(name)
    return Step(
        id=_id("remove", project, name),
        title=f"take {name} away: it was not there before",
        effect=Effect.CHANGES,
        limit_s=10,
        holds=("file_gone", path),
        act=("remove_file", path),
    )


def room(path: str, size_bytes: int) -> Step:
    """There is room to work."""
    return Step(
        id="room-is-left",
        title=f"{size_bytes // 1024**2} MiB are free",
        effect=Effect.READS,
        limit_s=10,
        holds=("room_is_left", path, str(size_bytes)),
        act=("cannot", "too little room on the disk"),
    )


def proven(project: Project, name: str, copy: str, *, back: bool = False) -> Step:
    """At the end, the live file still has those bytes."""
    return Step(
        id=_id("proven-back" if back else "proven", project, name),
        title=f"{name} is as {'before' if back else 'in the release'}",
        effect=Effect.READS,
        limit_s=10,
        holds=("file_as", project.path(name), copy),
        act=("cannot", f"{name} has changed"),
    )
