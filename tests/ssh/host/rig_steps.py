"""Steps for tests of the runner: they wait, fail or count at our word."""

from __future__ import annotations

from pathlib import Path

from hummii_ops.steps import Effect, Step

# Verbs of the tests; they travel with each plan.
VERBS = """
never() ( exit 1 )
always() ( true )
exists() ( [ -e "$1" ] )
touch_file() ( : >"$1" )
gone() ( [ ! -e "$1" ] )
remove() ( rm -f "$1" )
count() ( echo x >>"$1" )
say_and_fail() ( echo "$1"; exit 1 )
wait_until() ( : >"$1.reached"; until [ -e "$1" ]; do sleep 0.02; done )
runner_pid() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$PPID/status"; }
die_once() ( # MARK VERB ARGUMENT…: the runner is killed, then the verb is done by the child that lives on
    if [ ! -e "$1" ]; then : >"$1"; kill -9 "$(runner_pid)"; fi
    shift
    "$@"
)
die_once_after() (
    mark=$1
    shift
    "$@"
    if [ ! -e "$mark" ]; then : >"$mark"; kill -9 "$(runner_pid)"; fi
)
"""


def step(
    step_id: str,
    holds: tuple[str, ...],
    act: tuple[str, ...] = ("cannot", "this"),
    *,
    effect: Effect = Effect.READS,
    limit_s: int = 20,
) -> Step:
    return Step(id=step_id, title=step_id, effect=effect, limit_s=limit_s, holds=holds, act=act)


def failing(step_id: str = "fails", *, effect: Effect = Effect.CHANGES) -> Step:
    """A step that never comes to hold."""
    return step(step_id, ("never",), ("say_and_fail", "told to fail"), effect=effect)


def waiting(step_id: str, path: Path, *, effect: Effect = Effect.READS, limit_s: int = 30) -> Step:
    """A step that waits until `path` exists; `PATH.reached` says that it began."""
    return step(step_id, ("exists", str(path)), ("wait_until", str(path)), effect=effect, limit_s=limit_s)
