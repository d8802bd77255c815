"""The gates of fab predeploy, each asked for what it judges: GitHub, files of this machine, fab ready."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hummii_ops.checks.verdict import SKIPPED
from hummii_ops.errors import HummiiError
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.github.client import GitHub
from hummii_ops.github.job import job_of
from hummii_ops.inventory import Environment, Secret, resolve
from hummii_ops.inventory.predeploy import GATES, GateName
from hummii_ops.plans.before import version_of
from hummii_ops.predeploy import audits, load_test, security, staging, tests_passed
from hummii_ops.predeploy.gate import Gate
from hummii_ops.predeploy.ready import judge as judge_ready
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import ask
from hummii_ops.tasks.deploys.ready import ready

_ANSWER_S = 30.0  # for GitHub, beyond the time that tests are waited for


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is judged: a commit, its image, and the files with what was measured."""

    sha: str
    image: str | None
    audits: tuple[Path, ...]
    performance: Path | None
    before: Path | None
    staging: Path | None
    wait_s: float
    now: datetime


def gates(environment: Environment, asked: Asked) -> list[Gate]:
    """Every gate, in the order of the procedure."""
    asks: dict[GateName, Callable[[Environment, Asked], Gate]] = {
        "tests": _tests,
        "security": _security,
        "performance": _performance,
        "staging": _staging,
        "ready": _ready,
    }
    wanted = [name for name in GATES if name in environment.predeploy.gates]
    with ThreadPoolExecutor(len(GATES), thread_name_prefix="gate") as threads:
        made = dict(zip(wanted, threads.map(lambda name: asks[name](environment, asked), wanted), strict=True))
    reason = "not one of predeploy.gates in the inventory"
    return [made.get(name) or Gate(name=name, verdict=SKIPPED, reason=reason, source="-") for name in GATES]


def _tests(environment: Environment, asked: Asked) -> Gate:
    settings, job = environment.predeploy, job_of(os.environ)
    repository = settings.repository or job.repository
    if not repository:
        why = "no repository: predeploy.repository in the inventory, or $GITHUB_REPOSITORY"
        return Gate(name="tests", verdict="error", reason=why, source="-")
    url = settings.url if "url" in settings.model_fields_set else job.api_url
    try:
        token = resolve(environment.secrets[settings.token]) if settings.token else job.token
    except (HummiiError, KeyError) as error:
        return Gate(name="tests", verdict="error", reason=f"the token: {error}", source="-")
    github = GitHub(repository=repository, token=token, limit_s=asked.wait_s + _ANSWER_S, url=url)
    try:
        return tests_passed.asked(github, settings, asked.sha, wait_s=asked.wait_s, own_run=job.run_url)
    finally:
        github.close()


def _security(environment: Environment, asked: Asked) -> Gate:
    return security.judge([_audit(path) for path in asked.audits], environment.predeploy, asked.sha, now=asked.now)


def _audit(path: Path) -> security.Audit:
    try:
        report: audits.Report | audits.NoReport = audits.parse(_json(path)[1])
    except audits.NoReport as error:
        report = error
    except (OSError, ValueError, RecursionError) as error:
        report = audits.NoReport(f"it cannot be read: {error!s:.120}")
    made_at = report.made_at if isinstance(report, audits.Report) else None
    return security.Audit(file=str(path), report=report, at=made_at or _written(path))


def _performance(environment: Environment, asked: Asked) -> Gate:
    age = load_test.age_of(_written(asked.performance), asked.now) if asked.performance else asked.now - asked.now
    now, before = _load(asked.performance), _load(asked.before)
    return load_test.judge(now, before, environment.predeploy, file=str(asked.performance or "-"), age=age)


def _load(path: Path | None) -> load_test.Load | load_test.NoMeasurement | None:
    if path is None:
        return None
    try:
        return load_test.parse(*_json(path))
    except load_test.NoMeasurement as error:
        return load_test.NoMeasurement(f"{path}: {error}")
    except (OSError, ValueError, RecursionError) as error:
        return load_test.NoMeasurement(f"{path} cannot be read: {error!s:.120}")


def _staging(environment: Environment, asked: Asked) -> Gate:
    found: dict[str, Any] | staging.NoEvidence | None = None
    if asked.staging is not None:
        try:
            found = staging.parse(asked.staging.read_text(encoding="utf-8"), key=key_of(environment))
        except staging.NoEvidence as error:
            found = error
        except (OSError, ValueError) as error:
            found = staging.NoEvidence(f"it cannot be read: {error!s:.120}")
        except HummiiError as error:
            found = staging.NoEvidence(f"its key: {error.what}")
    return staging.judge(found, asked.sha, asked.image, file=str(asked.staging or "-"), now=asked.now)


def _ready(environment: Environment, _asked: Asked) -> Gate:
    """What fab ready says."""
    source = f"fab ready --env={environment.name}"
    try:
        return judge_ready(ask(ready, env=environment.name).body["lines"], source=source)
    except HummiiError as error:
        return Gate(name="ready", verdict="error", reason=error.what, source=source)


def key_of(environment: Environment) -> str | None:
    """The key that signs evidence; None: there is none. Raises HummiiError."""
    name = environment.predeploy.evidence_key
    if name is None:
        return None
    secret: Secret = resolve(environment.secrets[name])
    return secret.reveal()


def names_of_images(
    environment: Environment,
) -> tuple[str | None, Mapping[str, list[str]], Mapping[str, str | None]]:
    """The version that runs, and by what names its images are known; of several hosts, what all of them run. And each
    host's identity of what runs.
    """
    version, known, runs = None, dict[str, list[str]](), dict[str, str | None]()
    for site in session.reach(environment):
        snapshot = site.snapshot(needs_docker=True)
        version = version_of(snapshot, environment.version_service)
        runs[site.host.name] = running_identity(snapshot)
        for service, image_id in (snapshot.running_images() or {}).items():
            image = snapshot.image(image_id)
            names = [image_id, *(image.digests if image else ())]
            known[service] = [one for one in known.get(service, names) if one in names]
    return version, known, runs


def _json(path: Path) -> tuple[str, Any]:
    text = path.read_text(encoding="utf-8")
    return text, json.loads(text)


def _written(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)
