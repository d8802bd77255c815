"""Steps that exchange two databases: what was restored beside is served, and the one from before is kept.

Which is which is told on the host by OIDs, which the run that prepared keeps in its folder; a plan names that run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hummii_ops.steps.side import Served
from hummii_ops.steps.step import Effect, Step

Which = Literal["side", "live"]


def as_left(served: Served, run_id: str, which: Which) -> Step:
    return Step(
        id="database-as-left",
        title="the database is the one that the run left",
        effect=Effect.READS,
        limit_s=90,
        holds=("as_left", *served.words, run_id, which),
        act=("cannot", "another database than the run left"),
    )


def as_prepared(served: Served, run_id: str) -> Step:
    return Step(
        id="database-as-prepared",
        title="the served database is the one that was prepared against, and nothing is at work on it",
        effect=Effect.READS,
        limit_s=90,
        holds=("as_prepared", *served.words, run_id),
        act=("cannot", "what was prepared"),
    )


def used(run_id: str) -> Step:
    return Step(
        id="note-used",
        title="note that what was prepared is in use",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("prepared_is_used", run_id),
        act=("use_prepared", run_id),
    )


def writers_stopped(served: Served, run_id: str, which: Which, writers: Sequence[str], *, back: bool = False) -> Step:
    return Step(
        id="back-stop-writers" if back else "stop-writers",
        title=f"{', '.join(writers)} stopped" + (", unless the old database is served already" if back else ""),
        effect=Effect.CHANGES,
        limit_s=120,
        holds=("writers_rest", *served.words, run_id, which, *writers),
        act=("stop_services", served.project, *writers),
    )


def serves(served: Served, run_id: str, which: Which, *, back: bool = False) -> Step:
    what = "what was restored" if which == "side" else "the database from before"
    return Step(
        id="back-swap-database" if back else "swap-database",
        title=f"{what} is served as {served.name}; the other one is kept, fenced",
        effect=Effect.REPLACES,
        limit_s=150,
        holds=("is_served", *served.words, run_id, which),
        act=("serve", *served.words, run_id, which),
    )


def cache_cleared(project: str, service: str, prefixes: Sequence[str], *, back: bool = False) -> Step:
    what = f"what begins with {', '.join(prefixes)}" if prefixes else "everything"
    return Step(
        id="back-clear-cache" if back else "clear-cache",
        title=f"{service} forgets {what}: it remembers the other database",
        effect=Effect.REPLACES,
        limit_s=60,
        holds=("cache_cleared",),
        act=("clear_cache", project, service, *prefixes),
    )


def schema(served: Served, expected: str) -> Step:
    """`expected`: the file in the run that lists the migrations, none: not compared."""
    return Step(
        id="schema-as-restored",
        title="the schema is the restored one still: the code that started has not migrated it",
        effect=Effect.READS,
        limit_s=60,
        holds=("schema_is", *served.words, expected),
        act=("cannot", "a schema that has moved"),
    )


def answers(served: Served) -> Step:
    return Step(
        id="database-serves",
        title="one read, and one write that is taken back",
        effect=Effect.READS,
        limit_s=60,
        holds=("database_serves", *served.words),
        act=("cannot", "a database that does not serve"),
    )
