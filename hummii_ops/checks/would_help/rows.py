"""Rows 1 to 7 of the table: is there enough to judge by, is the api down, and what else may be the cause? Pure.

Each gives its evidence whether it matches or not. A row that needs what was not looked at does not match, and says so.
"""

from __future__ import annotations

from hummii_ops.checks.statistics import LEAST_POINTS
from hummii_ops.checks.would_help import causes
from hummii_ops.checks.would_help.evidence import Evidence, Previous
from hummii_ops.checks.would_help.row import AGAIN, DECIDE, LOOK, ROLL_BACK, Row, Says, asked

UNSEEN = "not looked at"


def row_1(seen: Evidence) -> Row:
    """Too little to judge by. An api that is down needs no samples."""
    required = [one for one in seen.gates if one.required]
    blind = [one for one in required if not one.has_data]
    missing = max((one.comparison.missing for one in blind), default=0)
    said = [f"{len(required) - len(blind)} of {len(required)} metrics have enough samples"] if required else []
    said += [f"{one.name} n {one.comparison.n_before} and {one.comparison.n_after}" for one in blind]
    said += [f"{one} did not answer" for one in seen.unavailable]
    no_before = any(one.comparison.n_before < LEAST_POINTS for one in blind)
    why = f"too little is known to judge by{f': {missing} samples are missing' if missing else ''}"
    if no_before:
        why = "too little is known of the time before the release; `fab snapshot` before a deploy keeps samples of it"
    says = Says(
        helps="unknown",
        code="not-enough-data",
        verdict="inconclusive",
        because=f"{'; '.join(seen.failing)}. Whether a rollback helps: {why}" if seen.failing else why,
        # waiting brings nothing back; the limits judge alone, and on that page they may be enough for a rollback
        next_command=DECIDE if seen.failing else "fab verify" if no_before else AGAIN,
    )
    enough = required and 2 * len(blind) < len(required) and not seen.unavailable
    down = causes.illness(seen) or causes.others_down(seen) or (seen.host and seen.host.broken)
    none = f"response times and errors, before and now: {UNSEEN}"
    return asked(1, *(said or [none]), says=says, matches=not (enough or down))


def row_2(seen: Evidence) -> Row:
    """The api is down since the release: no statistics are needed."""
    wrong = causes.illness(seen)
    others = [what for _, what in causes.others_down(seen)]
    looked = seen.services is not None or seen.health is not None
    before = seen.previous
    matches = wrong and before and before.healthy is not False and not others and seen.migrations != "unsafe"
    return asked(
        2,
        wrong or (f"{seen.api} serves" if looked else f"services and health: {UNSEEN}"),
        f"not changed by the release: {', '.join(others)}" if others else "",
        before.words() if before else f"the release before: {UNSEEN}",
        says=_down(wrong or "", before or Previous(), causes.schema_note(seen)),
        matches=matches,
    )


def _down(wrong: str, before: Previous, schema: str) -> Says:
    if before.why_none is not None:
        return Says(
            helps="no",
            code="nothing-to-go-back-to",
            verdict="down",
            because=f"{wrong}, but {before.words()}",
            next_command="fab releases",
        )
    if before.healthy is None:
        return Says(
            helps="unknown",
            code="down-previous-unproven",
            verdict="down",
            because=f"{wrong}; {before.words()}: it ran here, and that is all that is known{schema}",
            next_command=LOOK,
        )
    return Says(
        helps="yes",
        code="down-since-release",
        verdict="confirmed",
        because=f"{wrong}, and {before.words()}{schema}",
        next_command=ROLL_BACK,
    )


def row_3(seen: Evidence) -> Row:
    """It is worse, as at this time on other days too; or there are more requests."""
    worse = [one for one in seen.gates if one.degraded]
    told = {one.seasonal for one in worse}
    seasonal = told == {True}
    season = "no other than now" if seasonal else "better than now" if False in told else UNSEEN
    load = seen.load
    said = [f"load: {UNSEEN}"]
    if load is not None:
        said = [f"load {load.rate_before:.3g} → {load.rate_now:.3g} requests/s"]
        if load.cost_before is not None and load.cost_now is not None:
            said.append(f"each {load.cost_before:.3g} → {load.cost_now:.3g} {load.cost_unit}")
    why = "the same time was no better before the release" if seasonal else "there are more requests, each as cheap"
    says = Says(
        helps="no",
        code="seasonal" if seasonal else "more-load",
        verdict="not the release",
        because=f"{why}: more room, or a rate limit, helps",
        next_command=AGAIN,
    )
    matches = seasonal or (worse and causes.load_rose(seen))
    return asked(3, f"the same time on other days: {season}", *said, says=says, matches=matches)


def row_4(seen: Evidence) -> Row:
    """The host has no more to give, and it is not the api that takes it."""
    host = seen.host
    cause = causes.host_explains(seen)
    own = causes.slow_by_itself(seen.database) and host is not None and host.broken is None
    says = Says(
        helps="no",
        code="host",
        verdict="the host",
        because=f"it is the host, not {seen.api}: {cause}. Mend it first: a rollback costs a restart",
        next_command="fab verify",
    )
    if host is None:
        return asked(4, f"the host's resources: {UNSEEN}", says=says, matches=False)
    said = [", ".join(filter(None, (host.broken, *causes.host_saturated(host)))) or "not saturated"]
    if host.outside_cpu is not None:
        said.append(f"{host.outside_cpu:.0f} % of the CPU goes to what is not of this stack")
    if host.api_cpu_now is not None:
        was = "?" if host.api_cpu_before is None else f"{host.api_cpu_before:.0f}"
        said.append(f"{seen.api} {was} → {host.api_cpu_now:.0f} %")
    said += ["but a statement of the release is slow by itself"] if own else []
    return asked(4, *said, says=says, matches=cause and not own)


def row_5(seen: Evidence) -> Row:
    """The database is the bottleneck, with the statements of before; or it is down, and not changed."""
    down = next((wrong for name, wrong in causes.others_down(seen) if name == seen.database_service), None)
    base = seen.database
    found = causes.database_bottleneck(base) if base else ()
    same = causes.same_statements(base) if base else None
    stranger = base is not None and base.blocker_is_ours is False
    statements = {True: "the same as before", False: "new since the release", None: UNSEEN}[same]
    says = Says(
        helps="no",
        code="database-down" if down else "database",
        verdict="the database",
        because=f"{down or ', '.join(found)}: no work of the release. Mend it, or end what blocks it",
        next_command="fab verify",
    )
    said = [down or ", ".join(found) or "no bottleneck", f"statements: {statements}"]
    if base is None and down is None:
        said = [_no_database(seen)]
    not_ours = same is True or (stranger and same is not False)
    return asked(5, *said, says=says, matches=down or (found and not_ours))


def _no_database(seen: Evidence) -> str:
    return "this stack has none" if "database" in seen.absent else f"the database: {UNSEEN}"


def by_queries(seen: Evidence) -> str | None:
    """The release asks the database otherwise, and that is the bottleneck."""
    if seen.database is None:
        return None
    found, new = causes.database_bottleneck(seen.database), causes.new_in_database(seen.database)
    return "; ".join([*found, *new]) if found and new else None


def row_6(seen: Evidence) -> Row:
    """The database is the bottleneck, with what the release asks."""
    cause, base = by_queries(seen), seen.database
    says = Says(
        helps="yes",
        code="release-queries",
        verdict="the release's queries",
        because=f"the release asks the database otherwise: {cause}{causes.schema_note(seen)}",
        next_command=ROLL_BACK,
    )
    said = [_no_database(seen)]
    if base is not None:
        unknown = f"new statements: {UNSEEN}" if base.new_share is None else "nothing new is asked"
        said = [", ".join(causes.new_in_database(base)) or unknown]
        said += [] if causes.database_bottleneck(base) else ["no bottleneck"]
    return asked(6, *said, says=says, matches=cause and seen.migrations != "unsafe")


def row_7(seen: Evidence) -> Row:
    """Something that we ask is slow or down."""
    down = [wrong for name, wrong in causes.others_down(seen) if name != seen.database_service]
    slow = [*causes.slow_dependencies(seen), *down]
    times = [f"{one.name} {_ms(one.before_ms)} → {_ms(one.now_ms)}" for one in seen.dependencies or () if one.answers]
    if seen.dependencies is None:
        times = ["none outside is named" if "dependencies" in seen.absent else f"dependencies outside: {UNSEEN}"]
    elif not seen.dependencies:
        times = ["nothing outside was asked"]
    says = Says(
        helps="no",
        code="service-down" if down else "dependency",
        verdict="a dependency",
        because=f"{', '.join(slow)}: older code asks it too",
        next_command="fab verify",
    )
    return asked(7, *slow, *times, says=says, matches=slow)


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f} ms"
