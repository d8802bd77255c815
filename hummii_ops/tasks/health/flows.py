"""Tasks about user flows: flows.run, flows.check, flows.clean. They speak to the public url, never over SSH.

What they make for the test is taken away again; what could not be is in the ledger, and flows.clean finishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from rich.console import Console

from hummii_ops.checks import exit_code_of, worst
from hummii_ops.errors import Busy, ExitCode, Interrupted, UsageError
from hummii_ops.inventory import Environment, Host
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.health import flow_stage

if TYPE_CHECKING:
    from hummii_ops.checks.flows.models import Flow
    from hummii_ops.checks.flows.played import Played


@command(
    "run",
    help={
        "only": "only these flows, by name, separated by commas",
        "junit": "write the results as JUnit XML into a file",
    },
)
def run(
    _context: Any,
    only: str | None = None,
    junit: str | None = None,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """What a customer does, one flow after another, with where the time goes: 0 all well, 7 not, 10 not judged."""
    from hummii_ops.checks.flows.junit import junit as as_junit
    from hummii_ops.checks.flows.measure import measure
    from hummii_ops.tasks.health.flow_page import body_of, show_flows

    environment = session.choose(env)
    flows = _chosen(environment, only)
    hosts = [host for host in session.hosts_of(environment, limit) if host.url]
    if not hosts:
        raise UsageError(
            f"no host of {environment.name} has a url to ask", remedy="add `url:` to the host in inventory.yml"
        )
    played = _play(environment, hosts, flows)
    if junit:
        _write(Path(junit), as_junit(played))
    measured = {host: measure(results) for host, results in played.items()}
    verdict = worst(one for each in measured.values() for one in each)
    body = body_of(environment.name, played, measured)

    def show(console: Console) -> None:
        show_flows(console, environment.name, played, measured, verdict)

    return Reply(kind="flows-run", body=body, exit_code=exit_code_of(verdict), verdict=verdict, show=show)


def _chosen(environment: Environment, only: str | None) -> list[Flow]:
    """The flows that are meant. Raises UsageError for mistakes in the files, and for a name that is not there."""
    loaded = flow_stage.loaded(environment)
    if loaded.problems:
        number = len(loaded.problems)
        what = f"{number} mistake{'s' if number > 1 else ''} in {loaded.folder}; the first: {loaded.problems[0]}"
        raise UsageError(what, remedy="see all of them: fab flows.check")
    if not only:
        return list(loaded.flows.values())
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in loaded.flows]
    if unknown or not wanted:
        raise UsageError(
            f"--only: no flow {', '.join(map(repr, unknown)) or 'named'} in {loaded.folder}",
            remedy=f"its flows: {', '.join(loaded.flows) or 'none'}",
        )
    return [loaded.flows[name] for name in wanted]


def _play(environment: Environment, hosts: Sequence[Host], flows: list[Flow]) -> dict[str, tuple[Played, ...]]:
    from hummii_ops.checks.flows.company import play_all

    settings, stop = flow_stage.settings_of(environment), Event()
    try:
        return {
            host.name: play_all(
                flows,
                settings,
                flow_stage.stage(environment, host, stop),
                health_path=environment.health.path,
                at_once=1,
            )
            for host in hosts
        }
    except KeyboardInterrupt:
        left = len(flow_stage.ledger().entries())
        said = "its test data is taken away" if not left else f"{left} of the things it made may be left"
        raise Interrupted(f"stopped; {said}", remedy="fab flows.clean" if left else "") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", remedy="name another file with --junit") from None


@command("check")
def check(_context: Any, env: str | None = None, format: str = "text") -> Reply:
    """Every mistake of all flow files, each with line and column; 2 when there is any. Runs nothing."""
    from hummii_ops.tasks.health.flow_page import problem_json, show_problems

    environment = session.choose(env)
    loaded = flow_stage.loaded(environment)
    settings = flow_stage.settings_of(environment)
    allowed = [name for name in loaded.names if settings.allows(name)]
    body = {
        "folder": str(loaded.folder),
        "flows": list(loaded.names),
        "allowed": allowed,
        "problems": [problem_json(one) for one in loaded.problems],
    }

    def show(console: Console) -> None:
        show_problems(console, environment.name, loaded, allowed)

    wrong = bool(loaded.problems)
    code = ExitCode.USAGE if wrong else ExitCode.DONE
    return Reply(kind="flows-check", body=body, exit_code=code, verdict="usage" if wrong else "pass", show=show)


@command("clean")
def clean(_context: Any, env: str | None = None, format: str = "text") -> Reply:
    """Take away the test data that flows could not take away themselves: 0 nothing is left, 7 some still is."""
    from hummii_ops.checks.flows.ledger import AtWork
    from hummii_ops.checks.flows.leftovers import clean_up

    environment = session.choose(env)
    urls = {host.name: host.url for host in environment.hosts if host.url}
    try:
        done = clean_up(flow_stage.ledger(), environment.name, urls, flow_stage.secrets_of(environment))
    except AtWork:
        raise Busy(
            "flows are running here; their test data is theirs", remedy="wait for their end, then again"
        ) from None
    left = [one for one in done if one.left]
    body = {
        "environment": environment.name,
        "cleaned": [one.id for one in done if not one.left],
        "left": [{"id": one.id, "reason": one.left} for one in left],
    }

    def show(console: Console) -> None:
        console.print(f"{len(done) - len(left)} cleaned, {len(left)} left", markup=False)
        for one in left:
            console.print(f"  {one.id}: {one.left}", style="yellow", markup=False)

    code = ExitCode.DEGRADED if left else ExitCode.DONE
    return Reply(kind="flows-clean", body=body, exit_code=code, verdict="fail" if left else "pass", show=show)


namespace = Collection("flows", run, check, clean)
