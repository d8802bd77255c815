"""What a small host's laptop can do: begin a run of small steps by the product's own rooms; all else is the product."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import small_plans
from fabric.main import program
from invoke.collection import Collection

from hummii_ops.errors import Unreachable
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform
from hummii_ops.run.fleet import left_alone
from hummii_ops.run.follow import Follower
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks import program as seam
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import swapping
from hummii_ops.tasks.reply import told
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.tasks.runs import chained, runs, takeup, undo

# A laptop looks for a host that fell silent for two minutes; a case cannot wait that long.
Follower.__init__.__kwdefaults__["detach_after_s"] = float(os.environ.get("SMALL_PATIENCE_S", "120"))

BACK = small_plans.Way(old="1.1", new="1.0")
AGAIN = small_plans.Way(old="1.0", new="1.1", undoes=True)
READ = 'set -u\n{text}\nexpectation "$@"\n'
ASKED = "sha256sum <{path} | cut -d ' ' -f 1; echo '2000 public.orders'; echo '1 public._prisma_migrations'\n"


@command("begin", changes=True, help={"what": "rollback, rollback-db, undo or page"})
def begin(
    _context: Any,
    what: str = "rollback",
    yes: bool = False,
    reason: str = "",
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Begin a run on a small host."""
    (site,) = session.reach(session.choose(env))
    if what == "rollback-db":
        return _database(site, reason)
    if what == "page":
        reply = _carried(site, small_plans.dumped(BACK, _expect(site)), reason)
        if reply.exit_code != 0:
            return reply
        what, site = "rollback", replace(site, transport=site.place.connect())  # as the pages do: the link may be lost
    expect = _expect(site)
    way = replace(AGAIN if what == "undo" else BACK, here=_files(expect))
    return _carried(site, small_plans.code(what, way, expect), reason)


def _files(expect: str) -> dict[str, str]:
    """The files as they are there now: a plan's way back is from what it found."""
    rows = (line.split() for line in expect.splitlines() if line.startswith("file "))
    found = {name: sha for _, name, sha in rows}
    return {name: found[name] for name in (small_plans.FILE, ".env")}


def _expect(site: Site) -> str:
    """The facts that the plan is made from, as the host itself tells them."""
    text = READ.format(text=files("hummii_ops.facts.reading").joinpath("expect.sh").read_text())
    said = site.transport.call(text, small_plans.PROJECT.name, small_plans.DIR, ".env", small_plans.FILE, limit_s=20)
    if said.exit_code != 0:
        raise Unreachable(f"{site.host.name}: {said.stderr.decode()}")
    return said.stdout.decode()


def _carried(site: Site, plan: Plan, reason: str) -> Reply:
    part, about = part_of(site, plan), swapping.about_of(plan.task, new_run_id(plan.task), site, reason)
    outcomes, _ = told.carried_out((part,), about, watcher(say(), False))
    return run_reply("rollback", [part], outcomes, session.runs_dir() / outcomes[0].run_id)


def _database(site: Site, reason: str) -> Reply:
    """As `fab rollback-db --yes`: the second run lies ready, and the host goes on with it by itself."""
    said = site.transport.call(ASKED.format(path=small_plans.BACKUP), limit_s=20).stdout.decode().split("\n", 1)
    backup = {"sha256": said[0], "rows": "".join(sorted(said[1].splitlines(keepends=True)))}
    ids, expect = (new_run_id("prepare-db"), new_run_id("rollback-db")), _expect(site)
    first = small_plans.prepared(BACK, expect, backup, ids[1])
    second = small_plans.swapped(replace(BACK, here=_files(expect)), expect, ids[0])
    perform.lay_ready(site.place, second, swapping.about_of("rollback-db", ids[1], site, reason))
    part = part_of(site, first)
    about = swapping.about_of("prepare-db", ids[0], site, reason)
    outcomes: list[Outcome] = list(told.carried_out((replace(part, outside=None),), about, watcher(say(), False))[0])
    try:
        parts, ended = chained.to_the_last(site, [part], outcomes, asked_back=False)
    except KeyboardInterrupt:
        raise left_alone(site.host.name, ids[1]) from None
    return run_reply("rollback", parts, ended, session.runs_dir() / ended[0].run_id)


namespace = Collection(begin, *takeup.ALL, undo.undo, *runs.ALL)
namespace.configure({"tasks": {"auto_dash_names": True}})
seam.install(program)
