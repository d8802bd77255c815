"""Ask a host: send read.sh or target.sh, give back what it said as values.

Never changes anything there, and never takes silence for an answer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

from hummii_ops.errors import Unreachable
from hummii_ops.facts.reading.parse import parse
from hummii_ops.facts.reading.parse_target import TargetFacts, parse_target
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport.protocol import LinkLost, Result, Transport
from hummii_ops.transport.text import printable

_LIMIT_S = 45  # docker is given 10 s for each answer and compose 20 s


def script(name: str) -> str:
    """The text of one of this room's reads, with what it shares with the host's own judgement before it."""
    room = files("hummii_ops.facts.reading")
    return "".join(room.joinpath(file).read_text(encoding="utf-8") for file in ("hashes.sh", name))


def read_arguments(environment: Environment) -> tuple[str, ...]:
    """The arguments of read.sh."""
    return (
        environment.project_dir,
        environment.project,
        environment.compose_file,
        environment.backups_dir,
        environment.health.inside or "-",
        *(f"env:{path}" for path in environment.env_files),
        *(f"file:{path}" for path in environment.files),
        *(f"word:{word}" for word in environment.deploy_processes),
    )


def read(transport: Transport, environment: Environment, *, needs_docker: bool = False) -> Snapshot:
    """One read of one host.

    Unreachable when no whole answer came, and with `needs_docker` also when docker did not answer there.
    """
    asked_at = datetime.now(UTC)
    result = _ask(transport, script("read.sh"), read_arguments(environment))
    snapshot = parse(result.stdout, environment, host_name=transport.name, asked_at=asked_at)
    return with_docker(snapshot) if needs_docker else snapshot


def with_docker(snapshot: Snapshot) -> Snapshot:
    """Itself. Unreachable when docker did not answer on that host."""
    if not snapshot.engine.answers:
        said = f"{snapshot.host_name}: docker does not answer: {snapshot.engine.error}"
        raise Unreachable(said, remedy=_mend(snapshot))
    return snapshot


def read_target(
    transport: Transport, environment: Environment, release: Release, *, env_files: tuple[str, ...] = ()
) -> TargetFacts:
    """What Compose makes of a release's file.

    Its variables are filled in from `env_files` (absolute, on the host); without any from the recorded .env,
    without that from today's. Services' own `env_file:` are always read as they are today.
    """
    recorded = f"{release.record_dir}/files/.env"
    if not env_files and release.record and ".env" in release.record.files:
        env_files = (recorded,)
    arguments = (
        environment.project_dir,
        environment.project,
        release.path,
        release.record_dir,
        *(f"use:{path}" for path in env_files),
        *(f"env:{path}" for path in environment.env_files),
    )
    result = _ask(transport, script("target.sh"), arguments)
    return parse_target(result.stdout, host_name=transport.name)


def _ask(transport: Transport, text: str, arguments: tuple[str, ...]) -> Result:
    try:
        result = transport.call(text, *arguments, limit_s=_LIMIT_S)
    except LinkLost as lost:
        raise Unreachable(
            f"{transport.name}: {lost.how} while the host was read; nothing was changed there",
            remedy="Try again.",
        ) from lost
    if result.exit_code != 0 and b"@hummii" not in result.stdout:
        said = printable(result.stderr).strip().splitlines()
        raise Unreachable(
            f"{transport.name}: the host would not run the read: {said[-1] if said else f'exit {result.exit_code}'}",
            remedy="See that this account may log in and run sh there (with become: sudo, without a password).",
        )
    return result


def _mend(snapshot: Snapshot) -> str:
    error = (snapshot.engine.error or "").lower()
    user = snapshot.host.user or "the deploy account"
    if "permission denied" in error:
        return f"On the host: usermod -aG docker {user}, then log in anew."
    if "not installed" in error:
        return "Install Docker Engine with the compose plugin (2.20 or newer) on the host."
    return "On the host: systemctl status docker, then systemctl restart docker."
