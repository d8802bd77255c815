"""Steps on the stack's files. Live paths are absolute; copies live in the run's folder under before/ and target/."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.steps.step import Effect, Step


def slug(path: str) -> str:
    """A file's part of a step id: `.env` → env, `docker-compose.prod.yml` → docker-compose-prod-yml."""
    return "-".join(part for part in "".join(c if c.isalnum() else "-" for c in path.lower()).split("-") if part)


def keep(which: str, name: str, path: str, sha256: str) -> Step:
    """A proven copy of `path` under `which`/ (before or target) in the run's folder."""
    noun = "what stands there now" if which == "before" else "the release's copy"
    return Step(
        id=f"keep-{which}-{slug(name)}",
        title=f"keep {noun} of {name}",
        effect=Effect.PREPARES,
        limit_s=20,
        holds=("file_kept", f"{which}/{name}", sha256),
        act=("keep_file", path, f"{which}/{name}"),
    )


def merge_env(name: str, keys: Sequence[str]) -> Step:
    """target/NAME.merged: the release's variables, with `keys` as they are today."""
    words = (f"target/{name}.merged", f"target/{name}", f"before/{name}", *keys)
    return Step(
        id=f"merge-{slug(name)}",
        title=f"keep today's {', '.join(keys)} in {name}",
        effect=Effect.PREPARES,
        limit_s=10,
        holds=("env_merged", *words),
        act=("merge_env", *words),
    )


def restore(name: str, path: str, copy: str, mode: str, *, back: bool = False) -> Step:
    """The live file has the bytes of the run's copy."""
    return Step(
        id=f"{'return' if back else 'restore'}-{slug(name)}",
        title=f"{'put back' if back else 'restore'} {name}",
        effect=Effect.CHANGES,
        limit_s=20,
        holds=("file_as", path, copy),
        act=("put_file", copy, path, mode),
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


def proven(name: str, path: str, copy: str, *, back: bool = False) -> Step:
    """At the end, the live file still has those bytes."""
    return Step(
        id=f"proven-{'back-' if back else ''}{slug(name)}",
        title=f"{name} is as {'before' if back else 'in the release'}",
        effect=Effect.READS,
        limit_s=10,
        holds=("file_as", path, copy),
        act=("cannot", f"{name} has changed"),
    )
