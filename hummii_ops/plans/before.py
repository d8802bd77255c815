"""The way back: from a Snapshot to a StackState, and from a StackState to the steps that bring it about.

Starts from its top and ends with its own proof, so that it also covers a step that failed half-way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from hummii_ops.errors import Refused
from hummii_ops.facts.release import identity
from hummii_ops.facts.restore_points import image_refs
from hummii_ops.facts.snapshot import ContainerFact, Snapshot
from hummii_ops.plans import marked
from hummii_ops.plans.plan import ServiceState, StackState, Steadiness
from hummii_ops.steps import Step, files, images, mounts, services
from hummii_ops.steps.services import Project, Wanted

# A restart is a crash loop's only if it is this young: one from last week says nothing about now.
CRASH_WINDOW = timedelta(minutes=5)
# What `docker stop` leaves: the program ended by itself, or by INT, KILL or TERM.
_STOPPED_CODES = frozenset({0, 130, 137, 143})


def steadiness(snapshot: Snapshot, service: str) -> Steadiness:
    """How a service is doing, over all its replicas."""
    replicas = snapshot.service(service)
    if all(one.status in ("exited", "created", "dead") for one in replicas):
        return "runs" if all(one.ended_well for one in replicas) else "stopped"
    return "runs" if all(_is_steady(one, snapshot) for one in replicas) else "ill"


def stopped_by_hand(snapshot: Snapshot, service: str) -> bool:
    """Did someone stop it, as far as can be told: every replica, with a stop's own exit codes?"""
    return steadiness(snapshot, service) == "stopped" and all(
        one.status == "exited" and one.exit_code in _STOPPED_CODES and not one.oom_killed
        for one in snapshot.service(service)
    )


def _is_steady(one: ContainerFact, snapshot: Snapshot) -> bool:
    if one.status != "running" or one.health == "unhealthy":
        return False
    recent = one.started_at is not None and snapshot.read_at - one.started_at < CRASH_WINDOW
    return not (one.restart_count and recent)


def state_of(snapshot: Snapshot, version_service: str) -> StackState:
    """The stack as it is now. A service whose file on disk is not what runs is held to its image alone."""
    hashes = snapshot.compose.config_hashes or {}
    names = sorted({one.service for one in snapshot.containers if not one.one_off})
    states = []
    for name in names:
        replicas = snapshot.service(name)
        first = replicas[0]
        same = first.config_hash is not None and first.config_hash in hashes.get(name, ())
        states.append(
            ServiceState(
                service=name,
                ref=first.image_ref,
                image_id=first.image_id,
                hashes=tuple(sorted(hashes.get(name, ()))) if same else (),
                steadiness=steadiness(snapshot, name),
                # one that was made and never started is what a cut `up` leaves, not a wish
                replicas=max(1, sum(one.status != "created" for one in replicas)),
            )
        )
    present = {one.path: one for one in snapshot.files if one.sha256}
    shas = {snapshot.compose.path: snapshot.compose.sha256 or ""} | {p: f.sha256 or "" for p, f in present.items()}
    ids = {one.service: one.image_id for one in states}
    known_as = identity(shas[snapshot.compose.path], ids) if shas[snapshot.compose.path] else None
    mark = marked.mark_of(snapshot, known_as)
    return StackState(
        label=version_of(snapshot, version_service) or "unknown version",
        identity=known_as,
        mark=mark.mark if mark else None,
        files={name: sha for name, sha in shas.items() if sha},
        modes={snapshot.compose.path: "644"} | {p: f.mode.lstrip("0") or "600" for p, f in present.items()},
        services=tuple(states),
    )


def version_of(snapshot: Snapshot, version_service: str) -> str | None:
    """The version that runs; None when the service has no container."""
    first = next(iter(snapshot.service(version_service)), None)
    return image_refs.version_of(first.image_ref, snapshot.image(first.image_id)) if first else None


def image_names(services: Iterable[ServiceState]) -> dict[str, str]:
    """Which image each name must mean: ref → id. Refused when one name would have to mean two.

    What is stopped needs no name, and gets its own only if nothing else has it.
    """
    names: dict[str, str] = {}
    for one in sorted(services, key=lambda one: one.steadiness == "stopped"):
        if not one.ref or one.ref.startswith("sha256:"):
            continue
        if names.setdefault(one.ref, one.image_id) != one.image_id and one.steadiness != "stopped":
            raise Refused(
                f"{one.ref} names two images: {one.service} needs {_short(one.image_id)}, "
                f"another service {_short(names[one.ref])}; one name cannot mean both",
                remedy="bring the services of that name to one image first (docker compose up -d), "
                "or choose another release: fab releases",
            )
    return names


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def expected_files(expect: str) -> tuple[str, ...]:
    """The paths in an expectation text, in its order; a path may hold spaces."""
    lines = (line.removeprefix("file ") for line in expect.splitlines() if line.startswith("file "))
    return tuple(line.rpartition(" ")[0] for line in lines)


def keep_before(state: StackState, project: Project) -> Iterator[Step]:
    """Copies of every file of the state, in the run's folder."""
    for name, sha in state.files.items():
        yield files.keep("before", project, name, project.path(name), sha)


def way_back(
    state: StackState,
    project: Project,
    copies: str,
    *,
    from_state: StackState,
    from_files: Iterable[str],
    mounted: Mapping[str, Sequence[str]],
) -> Iterator[Step]:
    """The steps to that state; its files lie under `copies`/ in the run's folder.

    `from_state` is the other one, `from_files` its files: what it has and this one has not goes away.
    `mounted`: services that mount a file alone that comes back, and which.
    """
    from_files = tuple(from_files)
    refs = image_names(state.services)
    if refs:
        yield images.named(refs, back=True)
    for name in state.files:
        yield files.restore(project, name, f"{copies}/{name}", state.modes[name], back=True)
    for name in from_files:
        if name not in state.files:
            yield files.remove(project, name)
    added = [name for name in from_state.images() if name not in state.images()]
    if added:
        yield services.stopped("stop-added", f"{', '.join(added)} stopped: not there before", project, added)
    running = [_wanted(one) for one in state.services if one.steadiness == "runs"]
    ill = [_wanted(one) for one in state.services if one.steadiness == "ill"]
    stopped = [one.service for one in state.services if one.steadiness == "stopped"]
    if running:
        run = services.run if from_files else services.run_again
        yield run("return-services", f"{_names(running)} as before", project, running)
    if ill:
        yield services.exist("return-the-ill", f"{_names(ill)} as before (ill then)", project, ill)
    for service, names in mounted.items():
        if service in state.images() and service not in stopped:
            yield mounts.seen(project, service, names)
    if stopped:
        yield services.stopped("stopped-as-before", f"{', '.join(stopped)} stopped, as before", project, stopped)
    for name in state.files:
        yield files.proven(project, name, f"{copies}/{name}", back=True)
    if running:
        yield services.proven_back(project, running)
        yield services.stays_back(project, running)


def _wanted(one: ServiceState) -> Wanted:
    return Wanted(
        service=one.service,
        image_id=one.image_id,
        hashes=one.hashes,
        any_config=not one.hashes,
        replicas=one.replicas,
    )


def _names(wanted: list[Wanted]) -> str:
    return ", ".join(one.service for one in wanted)
