"""The page of `fab status`: what needs a person or is at work first, the one next command last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from hummii_ops.facts.amounts import age
from hummii_ops.transport import printable

_GOODNESS = {"good": "proven good", "bad": "marked bad", "unknown": "not proven yet"}
_MIB = 1024**2

# A line and its style.
Line = tuple[str, str]


def show(console: Console, environment: str, host: dict[str, Any]) -> None:
    """Print one host of the `status` document."""
    console.print(f"{environment} · {host['name']}", style="bold", markup=False)
    for text, style in (*_first(host), *_stack(host), *_claims(host), *_last(host)):
        console.print(printable(f"  {text}"), style=style, markup=False)


def show_differing(console: Console, hosts: Sequence[dict[str, Any]]) -> None:
    """One line if hosts run different releases; one whose version cannot be read says nothing."""
    known = {one["name"]: one["release"]["version"] for one in hosts if one["release"]["version"]}
    if len(set(known.values())) > 1:
        each = ", ".join(f"{name} runs {version}" for name, version in known.items())
        console.print(printable(f"the hosts differ: {each}"), style="bold red", markup=False)


def _first(host: dict[str, Any]) -> Iterator[Line]:
    """A run that needs a person, or is at work: before anything else."""
    run = host["last_run"]
    if host["unfinished"]:
        named = f"--run={run['run_id']}"
        at = f" at {host['lease']['step']['id']}" if host["lease"] and host["lease"]["step"] else ""
        yield f"unfinished: {run['run_id']} ({run['state']}{at})", "bold red"
        yield f"  go on: fab resume {named}    take it back: fab undo {named}", ""
    elif run and run["state"] == "running":
        named = f"--run={run['run_id']}"
        yield f"at work: {_named(run)}, for {_age(host, run['since'])}", "bold yellow"
        if host["lease"] and host["lease"]["where"]:
            yield f"  {host['lease']['where']}", ""
        yield f"  watch it: fab attach {named}    stop it: fab cancel {named}", ""
    if host["engine_error"]:
        yield f"docker does not answer: {host['engine_error']}", "bold red"


def _named(run: dict[str, Any]) -> str:
    way = f"{run['from']} → {run['to']}"
    return f"{run['task']} {run['run_id']}, {way}, by {run['who']}: {run['reason'] or 'no reason given'}"


def _stack(host: dict[str, Any]) -> Iterator[Line]:
    release = host["release"]
    since = _age(host, release["since"])
    yield f"release   {release['version'] or 'unknown'}, for {since}, {_GOODNESS[release['goodness']]}", ""
    yield _health(host["health"])
    wide = max((len(one["name"]) for one in host["services"]), default=0)
    for one in host["services"]:
        health = f", {one['health']}" if one["health"] else ""
        restarts = f", {one['restarts']} restarts" if one["restarts"] else ""
        killed = ", killed for memory" if one["oom_killed"] else ""
        text = f"{one['name']:<{max(wide, 9)}} {one['status']}{health}  {one['image']}{restarts}{killed}"
        yield text, "red" if _is_ill(one) else ""


def _is_ill(service: dict[str, Any]) -> bool:
    up = service["status"] == "running" and service["health"] in (None, "healthy")
    return not up and not service["ended_well"]


def _health(health: dict[str, Any] | None) -> Line:
    if health is None:
        return "health    no URL in the inventory", ""
    said = f"HTTP {health['status']}" if health["status"] else (health["error"] or "no answer")
    return f"health    {said} from {health['url']} ({health['elapsed_ms']} ms)", "green" if well(health) else "bold red"


def well(health: dict[str, Any]) -> bool:
    """Did it give a good answer?"""
    return health["status"] is not None and 200 <= health["status"] < 300


def _claims(host: dict[str, Any]) -> Iterator[Line]:
    """Who has claimed the stack, who holds deploys, and whose processes are at work."""
    lease, hold, run = host["lease"], host["hold"], host["last_run"]
    said_first = run is not None and run["state"] == "running" and lease and run["run_id"] == lease["run_id"]
    if lease and not said_first:
        alive = "at work" if lease["busy"] else "nothing runs"
        named = f"{lease['who']}: {lease['task']} ({lease['run_id']}) for {_age(host, lease['since'])}"
        yield f"lease     {named}, {alive}: {lease['reason'] or 'no reason given'}", ""
    if hold:
        since = _age(host, hold["since"])
        ends = f"until {hold['until'][:16].replace('T', ' ')} UTC; " if hold["until"] else ""
        ends = "it has expired, and the next guarded deploy lifts it; " if hold["expired"] else ends
        yield (
            f"hold      deploys are held for {since} by {hold['who']}: {hold['reason']} ({ends}lift it: fab unhold)",
            "",
        )
    past = hold["bypassed"] if hold else []
    if past:
        names = ", ".join(dict.fromkeys(one["name"] for one in past))
        made = _age(host, max(one["made_at"] for one in past))
        yield f"  a deploy went past the hold: {names} made anew {made} ago, by no run of ours", "yellow"
    for one in host["at_work"]:
        yield f"at work   pid {one['pid']} of {one['user']}, {one['age_s']} s: {one['command']}", "yellow"


def _last(host: dict[str, Any]) -> Iterator[Line]:
    """How the last run ended, what we take of the disk, and what to do next."""
    last = host["last_run"]
    running = last is not None and last["state"] == "running"
    if last and not running and not host["unfinished"]:
        yield f"last run  {last['run_id']}: {last['state']}, {last['from']} → {last['to']}", ""
    if host["last_deploy"]:
        yield f"deploy    {_deploy(host['last_deploy'])}, {_age(host, host['last_deploy']['since'])} ago", ""
    if host["space_used_bytes"]:
        yield f"space     {max(1, round(host['space_used_bytes'] / _MIB))} MiB used by .hummii-ops", "dim"
    if not host["unfinished"]:
        yield f"next      {_next(host, running=running)}", ""


def _deploy(deploy: dict[str, Any]) -> str:
    """The last guarded deploy, in short."""
    ended = {"running": "runs", "interrupted": "its guard was killed; whether it ended is not known"}
    how = ended.get(deploy["state"], f"ended with {deploy['exit_code']}")
    touched = {True: "the server was touched", False: "nothing was touched", None: "perhaps touched"}[deploy["touched"]]
    return f"{deploy['run']}{' of ' + deploy['version'] if deploy['version'] else ''}: {how}, {touched}"


def _next(host: dict[str, Any], *, running: bool) -> str:
    """The one next command, by what is worst here."""
    if running:
        return f"fab attach --run={host['last_run']['run_id']}"
    if host["last_run"] is not None and host["last_run"]["state"] == "prepared":
        run = f"--run={host['last_run']['run_id']}"
        return f"a restored database waits: fab resume {run} serves it, fab cancel {run} drops it"
    if host["health"] is not None and not well(host["health"]):
        return "fab rollback --latest --dry-run; what there is to go back to: fab releases"
    if host["release"]["goodness"] != "good":
        return "fab verify; it does not see what customers see: if they complain, fab rollback --latest --dry-run"
    if not _verified(host) or any(_is_ill(one) for one in host["services"]):
        return "fab verify"
    if host["hold"] and not host["hold"]["expired"]:
        return "nothing here; when the mended version is there: fab unhold"
    return "nothing; if customers complain: fab diagnose"


def _verified(host: dict[str, Any]) -> bool:
    """Was it proven good since it runs? A mark from an earlier time says nothing of what was started since."""
    judged_at, since = host["release"]["judged_at"], host["release"]["since"]
    if judged_at is None or since is None:
        return False
    return datetime.fromisoformat(judged_at) >= datetime.fromisoformat(since)


def _age(host: dict[str, Any], then: str | None) -> str:
    return age(datetime.fromisoformat(then) if then else None, datetime.fromisoformat(host["read_at"]))
