"""The plans of a small host: the product's own steps over small real things, in the order of the product's own plans.

Two states, `1.0` and `1.1`: a compose file, an .env with secrets, a process that answers, a content of the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from hummii_ops.plans.plan import Plan, ServiceState, StackState
from hummii_ops.plans.swap import Swap
from hummii_ops.steps import Step, database, exchange, files, health, images, records, services, side
from hummii_ops.steps.database import Dump
from hummii_ops.steps.health import Answer
from hummii_ops.steps.services import Project, Wanted
from hummii_ops.steps.side import Served, Source

DIR = "/opt/hummii"
FILE = "docker-compose.prod.yml"
PROJECT = Project(name="hummii", dir=DIR, file=f"{DIR}/{FILE}")
SERVED = Served(project="hummii", service="postgres", name="hummii", user="hummii")
BACKUP = f"{DIR}/backups/database/hummii-20260131_115900.dump"
DUMP = Dump(
    folder=f"{DIR}/backups/database",
    name="hummii-20260301_120000.dump",
    project="hummii",
    service="postgres",
    database="hummii",
    user="hummii",
    size_bytes=1_000_000,
    release="1.1",
)
POSTGRES = "hummii-postgres:15"
SECRETS = ("pw-9f31c2d7e4b8a650", "jwt-5c1d70a9e2f4b386")
ROOM_BYTES = 1024**2
# Where the laptop is gone the run waits so long for its answer.
GATE_S = 4


def compose_text(version: str) -> str:
    return f"services:\n  api:\n    image: hummii-api:{version}\n  postgres:\n    image: {POSTGRES}\n"


def env_text(version: str) -> str:
    level = {"1.0": "info", "1.1": "debug"}[version]
    return f"LEVEL={level}\nPOSTGRES_PASSWORD={SECRETS[0]}\nJWT_SECRET={SECRETS[1]}\n"


def texts(version: str) -> dict[str, str]:
    """The live files of a state."""
    return {FILE: compose_text(version), ".env": env_text(version)}


def kept_path(version: str, name: str) -> str:
    """Where the restore point of a state keeps a file."""
    base = f"{DIR}/backups/{FILE}.backup-2026013{version[-1]}_120000"
    return base if name == FILE else f"{base}.release/files/{name}"


def image_id(ref: str) -> str:
    return f"sha256:{sha256(ref.encode()).hexdigest()}"


def _hash(ref: str) -> str:
    return sha256(f"of {ref}".encode()).hexdigest()


def wanted(service: str, ref: str) -> Wanted:
    return Wanted(service=service, image_id=image_id(ref), hashes=(_hash(ref),), replicas=1)


def state(version: str) -> StackState:
    refs = {"api": f"hummii-api:{version}", "postgres": POSTGRES}
    shas = {name: sha256(text.encode()).hexdigest() for name, text in texts(version).items()}
    return StackState(
        label=version,
        identity=sha256(shas[FILE].encode()).hexdigest(),
        files=shas,
        modes={FILE: "644", ".env": "600"},
        services=tuple(ServiceState(service=name, ref=ref, image_id=image_id(ref)) for name, ref in refs.items()),
        release_id=f"2026013{version[-1]}_120000",
    )


@dataclass(frozen=True, kw_only=True)
class Way:
    """From one state to the other. `undoes`: the steps bear the names of a way back, as those of `fab undo` do.

    `here`: the files as the host has them now, name → sha256; after a run that was given up they may be the new ones.
    """

    old: str
    new: str
    undoes: bool = False
    here: Mapping[str, str] = field(default_factory=dict)

    @property
    def refs(self) -> dict[str, str]:
        return {ref: image_id(ref) for ref in (f"hummii-api:{self.new}", POSTGRES)}

    @property
    def answer(self) -> Answer:
        return Answer(url="http://127.0.0.1/api/health", field="version", version=self.new)

    def prepare(self) -> Iterator[Step]:
        yield files.room(DIR, ROOM_BYTES)
        for name, sha in state(self.new).files.items():
            yield files.keep("target", PROJECT, name, kept_path(self.new, name), sha)
        for name, sha in (self.here or state(self.old).files).items():
            yield files.keep("before", PROJECT, name, PROJECT.path(name), sha)
        yield images.pinned(sorted({*state(self.old).images().values(), *state(self.new).images().values()}))
        yield records.evidence("before", PROJECT.name)

    def change(self) -> Iterator[Step]:
        yield images.named(self.refs, back=self.undoes)
        for name, mode in state(self.new).modes.items():
            yield files.restore(PROJECT, name, f"target/{name}", mode, back=self.undoes)
        api, rest = wanted("api", f"hummii-api:{self.new}"), wanted("postgres", POSTGRES)
        if self.undoes:
            yield services.run("return-services", "api, postgres as before", PROJECT, [api, rest])
        else:
            yield services.run("replace-api", f"api runs {self.new}", PROJECT, [api])
            yield services.run("the-rest", "postgres as the release has it", PROJECT, [rest])

    def judge(self) -> Iterator[Step]:
        names = ["api", "postgres"]
        yield health.healthy(PROJECT.name, names, 60)
        yield health.answers_inside(self.answer, 60)
        yield health.settled(PROJECT.name, names, 0, 60, self.answer)
        yield health.confirmed_outside(GATE_S)
        for name in state(self.new).files:
            yield files.proven(PROJECT, name, f"target/{name}", back=self.undoes)
        both = [wanted("api", f"hummii-api:{self.new}"), wanted("postgres", POSTGRES)]
        yield services.proven_back(PROJECT, both) if self.undoes else services.proven(PROJECT, both)

    def record(self) -> Iterator[Step]:
        if not self.undoes:
            yield records.mark_left_bad(state(self.old).identity or "")
            yield records.hold_deploys()
        yield records.remember_left(PROJECT.name, DIR, [".env", FILE])

    def back(self) -> Iterator[Step]:
        yield images.named({ref: image_id(ref) for ref in (f"hummii-api:{self.old}", POSTGRES)}, back=True)
        for name, mode in state(self.old).modes.items():
            yield files.restore(PROJECT, name, f"before/{name}", mode, back=True)
        both = [wanted("api", f"hummii-api:{self.old}"), wanted("postgres", POSTGRES)]
        yield services.run("return-services", "api, postgres as before", PROJECT, both)
        for name in state(self.old).files:
            yield files.proven(PROJECT, name, f"before/{name}", back=True)
        yield services.proven_back(PROJECT, both)
        if not self.undoes:
            yield records.mark_as_before(state(self.old).identity or "", None)
            yield records.lift_hold()
            yield records.mark_target_bad(state(self.new).identity or "")


def _plan(task: str, way: Way, expect: str, **more: object) -> Plan:
    base = Plan(
        task=task,
        environment="small",
        host="small",
        project=PROJECT.name,
        project_dir=DIR,
        left=state(way.old),
        target=state(way.new),
        forward=(),
        back=(),
        expect=expect,
        expect_files=(".env", FILE),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def code(task: str, way: Way, expect: str) -> Plan:
    """The code and its configuration go from one state to the other."""
    forward = (*way.prepare(), *way.change(), *way.judge(), *way.record())
    return _plan(task, way, expect, forward=forward, back=tuple(way.back()))


def dumped(way: Way, expect: str) -> Plan:
    """A proven dump of what is served."""
    return _plan("backup-db", way, expect, forward=tuple(database.proven_dump(DUMP)), tidy=(database.swept(DUMP),))


def prepared(way: Way, expect: str, backup: Mapping[str, str], following: str) -> Plan:
    """The backup restored and proven beside; then the host goes on with the run that is named."""
    source = Source(path=BACKUP, kind="custom", wrap="none", sha256=backup["sha256"])
    forward = (
        side.free(SERVED),
        side.restored(SERVED, source, 1, 60),
        side.valid(SERVED, deep=False, limit_s=60),
        side.properties(SERVED),
        side.loss(SERVED, 60),
        side.prepared(SERVED),
    )
    notes = {"rows.expected": backup["rows"], "backup": f"name=new\npath={BACKUP}\nat=\n", "next": f"{following}\n"}
    return _plan("prepare-db", way, expect, forward=forward, tidy=(side.gone(SERVED),), notes=notes)


def swapped(way: Way, expect: str, prepared_by: str) -> Plan:
    """What that run prepared is served, and the code goes with it."""
    swap = Swap(prepared=prepared_by, serves="side", served=SERVED, writers=("api",))
    first = (
        exchange.as_prepared(SERVED, prepared_by),
        side.properties(SERVED, prepared_by),
        *swap.there(),
        exchange.used(prepared_by),
    )
    proofs = (exchange.schema(SERVED, "schema"), exchange.answers(SERVED))
    prepare = tuple(way.prepare())
    forward = (*prepare, *first, *way.change(), *way.judge(), *proofs, *way.record())
    notes = {"schema": "1_orders\n"}
    return _plan("rollback-db", way, expect, forward=forward, back=(*swap.back(), *way.back()), notes=notes, swap=swap)
