"""What must be true of a small host after any fault: told by looking, never by what the tool says of itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256

import small_plans
from small_cases import SmallCase
from small_plans import FILE
from small_stage import HOME, SmallStage
from small_world import Reached, Run, World

ENDED = frozenset({"done", "restored", "prepared", "refused"})
# How the last state of a run shows as the exit code of who watched it.
SHOWN = {"done": {0, 7}, "restored": {5}, "refused": {3}, "abandoned": {3}, "prepared": {0}}
DUMP = "./backups/database/hummii-20260301_120000.dump"


def struck_there(case: SmallCase, at: Reached) -> None:
    """The journal shows that the run stood at the named point: else the case counts for nothing."""
    where = case.at
    own = [event["ev"] for event in at.run.events if (event["list"], event["step"]) == (where.list, where.step)]
    last = at.run.events[-1]
    wanted = {"before": [], "result": own[-1:] if own and own[-1] in ("done", "skipped") else None}
    if where.point in wanted:
        assert own == wanted[where.point] or (where.point == "result" and own[-1] == last["ev"]), own
    else:
        assert own == ["start"], own
        assert (last["ev"], last["step"]) == ("start", where.step), last


def stands(case: SmallCase, stage: SmallStage, seen: World) -> None:
    """Whatever struck: files are whole, the lease is held if and only if a run is unfinished, nothing acts twice."""
    known = {name: {_row(name, version) for version in ("1.0", "1.1")} for name in (f"./{FILE}", "./.env")}
    for name, rows in known.items():
        assert seen.files.get(name) in rows, f"{name} is no whole known version: {seen.files.get(name)}"
    lost = [name for name in stage.begun.files if name not in seen.files]
    assert not lost, f"gone: {lost}"
    assert not seen.busy
    unfinished = [run.id for run in seen.runs if run.unfinished]
    waiting = [run.id for run in seen.runs if run.state == "ready" and not run.journal]
    # the second of two runs may have been cut as it was to begin: it has the lease, and has changed nothing
    assert seen.lease in (unfinished or ["", *waiting]), (seen.lease, unfinished)
    for run in seen.runs:
        at_most_once(case, run, seen.acts)


def at_most_once(case: SmallCase, run: Run, acts: tuple[str, ...]) -> None:
    """Each act was counted on the host; the journal shows an attempt for each.

    On a full disk the way back is gone without a journal: what cannot be written down must not keep it from going.
    """
    if case.fault.name == "disk-full":
        acts = tuple(act for act in acts if " back/" not in act)
    said = Counter(f"{run.id} {e['list']}/{e['step']}.sh" for e in run.events if e["ev"] in ("start", "again"))
    done = Counter(act for act in acts if act.startswith(f"{run.id} "))
    over = {act: count for act, count in done.items() if count > said[act]}
    assert not over, f"acted more often than the journal says: {over}, {dict(said)}"


def ended(case: SmallCase, stage: SmallStage, seen: World, wanted: str) -> None:
    """At the end: exactly the new or exactly the old state, everything kept, no lease, journals that replay."""
    stands(case, stage, seen)
    assert not seen.lease, seen.lease
    assert not [run for run in seen.runs if run.unfinished]
    version = case.goes_to if wanted == "new" else case.starts_as
    expected = _world(stage, case, version, wanted)
    difference = expected.difference(_without_dump(case, seen))
    assert not difference, f"not exactly {wanted}: {difference}"
    _dump_is_whole_or_absent(stage, seen)
    if case.at.task == "rollback-db" and wanted == "new":
        assert any("_prev_" in name for name in seen.databases), "the database from before is gone"
    for run in seen.runs:
        replays(run)


def replays(run: Run) -> None:
    """Every line can be read, and the last one says how the run ended."""
    if run.state in ENDED and run.journal:
        word = "prepared" if "-prepare-db-" in run.id and run.state == "done" else run.state
        assert run.events[-1]["ev"] == word, (run.state, run.events[-1])


def no_secret(stage: SmallStage) -> None:
    """On no command line, in no file of a run but the copies of the stack's own files, and in nothing on a laptop."""
    # what is looked for comes by a file: else it would stand on the command line of who looks
    lines = "\n".join(small_plans.SECRETS)
    found = stage.shell.run(f"""
        cat >/run/secrets <<'TEXT'\n{lines}\nTEXT
        grep -aslF -f /run/secrets /proc/[0-9]*/cmdline || :
        grep -rlF --exclude-dir=before --exclude-dir=target -f /run/secrets {HOME} || :
        rm /run/secrets""")
    assert not found, f"a secret stands in {found}"
    for path in stage.folder.rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in text for secret in small_plans.SECRETS), path


def _row(name: str, version: str) -> str:
    text = small_plans.texts(version)[name.removeprefix("./")]
    return f"{sha256(text.encode()).hexdigest()[:12]} {'644' if name.endswith('yml') else '600'}"


def _world(stage: SmallStage, case: SmallCase, version: str, wanted: str) -> World:
    files = stage.begun.files | {name: _row(name, version) for name in (f"./{FILE}", "./.env")}
    api = f"{small_plans.image_id(f'hummii-api:{version}')} running"
    goes = case.at.task == "rollback-db" and wanted == "new"
    content = stage.new_content if goes else stage.begun.content
    services = stage.begun.services | {"api": api}
    return replace(stage.begun, files=files, services=services, answer=version, content=content)


def _without_dump(case: SmallCase, seen: World) -> World:
    """But for a dump that is in place, and what a run that was given up as it is had begun: the next dump sweeps it."""
    given_up = [run.id for run in seen.runs if run.state == "abandoned" and case.fault.name == "lease-broken"]
    but = (DUMP, *(f"./backups/database/.hummii-ops-{run}/" for run in given_up))
    return replace(seen, files={name: row for name, row in seen.files.items() if not name.startswith(but)})


def _dump_is_whole_or_absent(stage: SmallStage, seen: World) -> None:
    if DUMP in seen.files:
        stage.shell.run(f"cd /opt/hummii/backups/database; sha256sum --quiet --strict -c {DUMP.split('/')[-1]}.sha256")
