"""Steps on a database beside the served one: restored and proven there while everything is served, and dropped."""

from __future__ import annotations

from dataclasses import dataclass

from hummii_ops.steps.step import Effect, Step, step_id


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where the served database is: Compose project and service, its name, the role that we use."""

    project: str
    service: str
    name: str
    user: str

    @property
    def words(self) -> tuple[str, str, str, str]:
        return (self.project, self.service, self.name, self.user)


@dataclass(frozen=True, kw_only=True)
class Source:
    """The backup on the host that is restored: absolute path, what it is by its bytes, and their sha256."""

    path: str
    kind: str
    wrap: str
    sha256: str


def free(served: Served) -> Step:
    return Step(
        id="database-is-free",
        title="nothing stands in the way: no dump, migration, slot or prepared transaction",
        effect=Effect.READS,
        limit_s=90,
        holds=("nothing_in_the_way", *served.words),
        act=("cannot", "what is at work on the database"),
    )


def room(served: Served, need_bytes: int) -> Step:
    return Step(
        id="database-has-room",
        title=f"{need_bytes // 1024**2} MiB are free where PostgreSQL keeps its data",
        effect=Effect.READS,
        limit_s=30,
        holds=("database_has_room", *served.words, str(need_bytes)),
        act=("cannot", "PostgreSQL's disk"),
    )


def restored(served: Served, source: Source, jobs: int, limit_s: int) -> Step:
    """Only if its bytes are those that were decoded to their end: they are summed before anything of them is run."""
    return Step(
        id="restore-side",
        title=f"restore it beside {served.name}, which goes on being served",
        effect=Effect.PREPARES,
        limit_s=limit_s,
        holds=("side_restored", *served.words),
        act=("restore_side", *served.words, source.kind, source.wrap, source.path, source.sha256, str(jobs)),
    )


def valid(served: Served, *, deep: bool, limit_s: int) -> Step:
    return Step(
        id="validate-side",
        title="prove it: structure, every object of the backup's table of contents, and exactly its rows",
        effect=Effect.PREPARES,
        limit_s=limit_s,
        holds=("side_valid", *served.words),
        act=("validate_side", *served.words, "on" if deep else "off"),
    )


def properties(served: Served, *prepared: str) -> Step:
    """`prepared`: the run whose database it is; none: this one's own."""
    return Step(
        id="copy-properties",
        title="give it the owner, rights and settings of the served one",
        effect=Effect.PREPARES,
        limit_s=60,
        holds=("properties_copied", *served.words, *prepared),
        act=("copy_properties", *served.words, *prepared),
    )


def loss(served: Served, limit_s: int) -> Step:
    return Step(
        id="measure-loss",
        title="count what is in the served one and not in the backup",
        effect=Effect.PREPARES,
        limit_s=limit_s,
        holds=("loss_measured", *served.words),
        act=("measure_loss", *served.words),
    )


def prepared(served: Served) -> Step:
    """What was restored is written out first: the disk would be busy with it when the names are exchanged."""
    return Step(
        id="prepared",
        title="write it out to the disk, and note that all is prepared",
        effect=Effect.PREPARES,
        limit_s=600,
        holds=("is_prepared",),
        act=("note_prepared", *served.words),
    )


def gone(served: Served) -> Step:
    """What a run that ends without being prepared leaves beside, taken away."""
    return Step(
        id="drop-side",
        title="drop what was restored beside",
        effect=Effect.PREPARES,
        limit_s=120,
        holds=("side_gone", *served.words),
        act=("drop_side", *served.words),
    )


def kept_gone(served: Served, oid: int, name: str, comment: str) -> Step:
    """A database that a run made or set aside, dropped for good: by OID and name and comment."""
    return Step(
        id=step_id("drop", name.replace("_", "-")),
        title=f"drop {name}, for good",
        effect=Effect.PREPARES,
        limit_s=120,
        holds=("kept_gone", *served.words, str(oid), name, comment),
        act=("drop_kept", *served.words, str(oid), name, comment),
    )
