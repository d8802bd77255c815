"""fab staging-evidence: what ran on staging, and how well: a file that fab predeploy takes for that commit alone.

Changes nothing but that file. Of what was not verified it says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from hummii_ops.errors import Inconclusive, Refused, UsageError
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import ask, command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.deploys.predeploy import commit_of


@command(
    "staging-evidence",
    help={
        "sha": "the commit that runs on staging, all of it (default: $GITHUB_SHA)",
        "out": "the file to write",
        "hours": "how long it is good (default: predeploy.report_age_h)",
    },
)
def staging_evidence(
    _context: Any,
    sha: str = "",
    out: str = "staging-evidence.json",
    hours: int = 0,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Verify staging, and write down what ran there: the file for fab predeploy --staging=FILE."""
    from hummii_ops.predeploy.staging import evidence
    from hummii_ops.tasks.deploys.predeploy_gates import key_of
    from hummii_ops.tasks.health.verify import verify

    commit, environment = commit_of(sha), session.choose(env)
    if hours < 0:
        raise UsageError("--hours is how many hours it is good, from 1 up")
    looked = ask(verify, env=env)
    version, images = _as_verified(environment, looked)
    said = evidence(
        sha=commit,
        environment=environment.name,
        version=version,
        images=images,
        verdict=looked.verdict,
        looks=_looks(looked),
        who=session.who(),
        at=datetime.now(UTC),
        good_for_h=hours or environment.predeploy.report_age_h,
        key=key_of(environment),
    )
    _write(Path(out), said)

    def show(console: Console) -> None:
        looked.show(console)
        console.print(
            f"{looked.verdict}: {environment.name} runs {version or 'no version'}; written to {out}", markup=False
        )

    body = {"file": str(Path(out).absolute()), "evidence": said}
    return Reply(kind="staging-proof", body=body, exit_code=looked.exit_code, verdict=looked.verdict, show=show)


def _looks(looked: Reply) -> dict[str, str]:
    return {f"{one['host']}: {one['name']}": one["verdict"] for one in looked.body["measurements"] if one["critical"]}


def _as_verified(environment: Environment, looked: Reply) -> tuple[str | None, Mapping[str, list[str]]]:
    """The version and the images of what verify has looked at. Raises Inconclusive if something else runs by now."""
    from hummii_ops.predeploy.staging import changed_since
    from hummii_ops.tasks.deploys.predeploy_gates import names_of_images

    version, images, runs = names_of_images(environment)
    if changed := changed_since(looked.body["hosts"], runs):
        raise Inconclusive(
            f"{', '.join(changed)}: its files are not what runs, or it has changed since; no evidence was written",
            remedy="deploy that commit to staging, whole; then the same again",
        )
    return version, images


def _write(file: Path, said: Mapping[str, Any]) -> None:
    try:
        file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}", remedy="say another file: --out=FILE") from error


ALL = (staging_evidence,)
