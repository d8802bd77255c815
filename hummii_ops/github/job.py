"""A job of GitHub Actions: what its runner told us, and what we hand back in its files.

Nothing that is said can become a command or another output: delimiters are random, and text has its limits.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hummii_ops.inventory import Secret
from hummii_ops.transport.text import printable

SUMMARY_BYTES = 900_000  # GitHub drops a summary of more than 1 MiB whole
MOST_ANNOTATIONS = 10  # of a kind, that GitHub shows for a step
_HARMLESS = {ord(char): f"&#{ord(char)};" for char in "&\\`*_[]<>|~#!"} | {ord("@"): "@\u200b"}
_CUT = "\n\n… cut here; the rest is in the run's folder\n"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the runner says. Empty where it says nothing: then nothing is written."""

    repository: str = ""
    sha: str = ""
    run_url: str = ""
    api_url: str = "https://api.github.com"
    token: Secret | None = None
    event: Mapping[str, Any]
    output: Path | None = None
    summary: Path | None = None


def job_of(environ: Mapping[str, str]) -> Job:
    """The job that we are in, or an empty one."""
    server, repository, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    return Job(
        repository=repository,
        sha=environ.get("GITHUB_SHA", ""),
        run_url=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else "",
        api_url=environ.get("GITHUB_API_URL") or Job.api_url,
        token=Secret(token) if token else None,
        event=_event(environ.get("GITHUB_EVENT_PATH")),
        output=_file(environ.get("GITHUB_OUTPUT")),
        summary=_file(environ.get("GITHUB_STEP_SUMMARY")),
    )


def put_outputs(job: Job, values: Mapping[str, str]) -> None:
    """The step's outputs. Whatever a value holds, it is that output and no other. Raises OSError."""
    if job.output is None:
        return
    with job.output.open("a", encoding="utf-8") as file:
        for name, value in values.items():
            end = f"end-{secrets.token_hex(16)}"
            file.write(f"{name}<<{end}\n{printable(value)}\n{end}\n")


def put_summary(job: Job, text: str) -> None:
    """The step's page. Raises OSError."""
    if job.summary is None:
        return
    with job.summary.open("a", encoding="utf-8") as file:
        file.write(cut(text))


def cut(text: str, most_bytes: int = SUMMARY_BYTES) -> str:
    """No longer than GitHub takes, cut between lines, with every fence closed."""
    if len(text.encode()) <= most_bytes:
        return text
    room = most_bytes - len(_CUT.encode()) - len("\n```")
    kept = text.encode()[:room].decode(errors="ignore")
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    fences = sum(line.startswith("```") for line in kept.splitlines())
    return kept + ("\n```" if fences % 2 else "") + _CUT


def cell(text: str) -> str:
    """Text inside a table of Markdown: one line, no markup, nobody mentioned."""
    return " ".join(printable(text).split()).translate(_HARMLESS)


def _event(path: str | None) -> Mapping[str, Any]:
    """What set the workflow off; empty where it cannot be read."""
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _file(path: str | None) -> Path | None:
    return Path(path) if path else None
