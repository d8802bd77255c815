"""What every task begins with: the environment, its hosts, a link to each, and what is true there."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hummii_ops.errors import Declined, HummiiError, Refused, Unreachable, UsageError
from hummii_ops.facts.reading.read import read, with_docker
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment, Host, inventory_path, load
from hummii_ops.run.entry import Entry
from hummii_ops.tasks.call.ahead import Ahead
from hummii_ops.transport import Endpoint, Pool, Transport, connect, endpoint_of

if TYPE_CHECKING:
    from hummii_ops.run.perform import Place


@dataclass(frozen=True, kw_only=True)
class Site:
    """A host with its link."""

    environment: Environment
    host: Host
    endpoint: Endpoint
    transport: Transport
    begun: Ahead[Snapshot] | None = None

    @property
    def home(self) -> str:
        return f"{self.environment.project_dir}/.hummii-ops"

    @property
    def entry(self) -> Entry:
        """The verbs of this host."""
        return Entry(transport=self.transport, home=self.home)

    @property
    def place(self) -> Place:
        """The host as a run needs it."""
        from hummii_ops.run.perform import Place  # here: whoever only reads, or has yet to read, does not wait for it

        return Place(
            host=self.host.name,
            home=self.home,
            connect=lambda: connect(self.endpoint),
            transport=self.transport,
            runs_dir=runs_dir(),
            keep_runs=self.environment.keep_runs,
        )

    def snapshot(self, *, needs_docker: bool = False) -> Snapshot:
        """Read the host. Raises Unreachable when the link goes in the middle: nothing has begun."""
        seen = self.begun.take() if self.begun is not None else None
        seen = seen or read(self.transport, self.environment)
        if seen.unfinished_run is not None and not seen.busy:
            # Its state is read a moment before its lock: a run that ended in between would look interrupted.
            seen = read(self.transport, self.environment)
        return with_docker(seen) if needs_docker else seen

    def after_deploy(self, *, needs_docker: bool = False) -> Snapshot:
        """As snapshot; read again where a deploy's line was read before, and its lock after, the deploy's end."""
        seen = self.snapshot(needs_docker=needs_docker)
        just_ended = seen.deploy is not None and seen.deploy.state == "interrupted"
        return self.snapshot(needs_docker=needs_docker) if just_ended else seen


def choose(env: str | None) -> Environment:
    """The environment that is meant; raises UsageError."""
    return in_a_job(load(inventory_path()).choose(env), os.environ)


def in_a_job(environment: Environment, environ: Mapping[str, str]) -> Environment:
    """With the file of $HUMMII_KNOWN_HOSTS as the only one that is trusted: a CI job is given the servers' keys."""
    given = environ.get("HUMMII_KNOWN_HOSTS")
    return environment.model_copy(update={"known_hosts": (Path(given),)}) if given else environment


def hosts_of(environment: Environment, limit: str | None) -> tuple[Host, ...]:
    """The hosts of an environment, or those that --limit names. Raises UsageError for a name that is not there."""
    if not limit:
        return tuple(environment.hosts)
    wanted = [name.strip() for name in limit.split(",") if name.strip()]
    known = {host.name: host for host in environment.hosts}
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise UsageError(
            f"--limit: no host {', '.join(map(repr, unknown)) or 'named'} in {environment.name}",
            remedy=f"its hosts: {', '.join(known)}",
        )
    return tuple(known[name] for name in wanted)


def reach(environment: Environment, limit: str | None = None, *, look: bool = False) -> tuple[Site, ...]:
    """A link to every host; raises the first host's error if one cannot be reached.

    `look`: the first read of each begins at once, for a task that has yet to load what it does with it.
    """
    hosts = hosts_of(environment, limit)
    endpoints = [endpoint_of(environment, host) for host in hosts]
    if sys.stderr.isatty():  # a sign of life: what follows may take seconds
        sys.stderr.write(f"reading {', '.join(host.name for host in hosts)} of {environment.name}…\n")
    sites = []
    answers = Pool().connect_all(endpoints)
    for host, endpoint in zip(hosts, endpoints, strict=True):
        answer = answers[host.name]
        if isinstance(answer, HummiiError):
            if isinstance(answer, Unreachable) and len(hosts) > 1:
                others = ",".join(one.name for one in hosts if not isinstance(answers[one.name], HummiiError))
                answer.remedy += f"; or without it: --limit={others}" if others else ""
            raise answer
        begun = Ahead(partial(read, answer, environment)) if look else None
        sites.append(Site(environment=environment, host=host, endpoint=endpoint, transport=answer, begun=begun))
    return tuple(sites)


def who() -> str:
    """user@laptop, for the lease and the marks."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return f"unknown@{socket.gethostname()}"


def runs_dir() -> Path:
    """Where runs are mirrored here: .hummii-ops/runs beside the inventory."""
    return inventory_path().resolve().parent / ".hummii-ops" / "runs"


def can_ask(*, yes: bool, what: str, takes_reason: bool = True) -> None:
    """Raises Refused, before anything is read, where the question that will come could not be answered."""
    if not yes and not sys.stdin.isatty():
        raise Refused(
            f"{what} asks before it acts, and there is no terminal to ask on; nothing was changed",
            remedy=f"the same without a question: {again(sys.argv[1:], takes_reason=takes_reason)}",
        )


def confirm(question: str, *, yes: bool, what: str, takes_reason: bool = True) -> None:
    """Ask, unless --yes. Raises Refused (3) without a terminal, Declined (9) for a no."""
    if yes:
        return
    can_ask(yes=yes, what=what, takes_reason=takes_reason)
    sys.stderr.write(f"{question} Type y to go on [y/N] ")
    sys.stderr.flush()
    try:
        reply = input().strip().lower()
    except EOFError:
        reply = ""
    if reply not in ("y", "yes"):
        raise Declined(f"the answer to {what} was not y; nothing was changed")


def again(words: Sequence[str], *, takes_reason: bool) -> str:
    """The command that was given, as it can be typed again so that it does not ask."""
    missing = takes_reason and not any(word.startswith("--reason") for word in words)
    return f"{shlex.join(['fab', *words])} --yes" + (' --reason="…"' if missing else "")
