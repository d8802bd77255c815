"""What a CI job is told of its gates: the output, a page, and a warning for each gate that does not pass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from hummii_ops.ci.summary import gates_page
from hummii_ops.github import job as jobs
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.deploys import job_told
from hummii_ops.telling import job_log
from hummii_ops.transport.text import printable


def hand_back(reply: Reply) -> None:
    document = reply.document()
    page = gates_page(document, jobs.cell)
    job_told.hand_back(jobs.job_of(os.environ), {"verdict": reply.verdict}, page, _warnings(document))


def _warnings(document: dict[str, Any]) -> Iterator[str]:
    for gate in document["gates"]:
        if gate["verdict"] not in ("pass", "skipped"):
            words = "\n".join((gate["reason"], *gate["details"], f"waived: {gate['waived']}" if gate["waived"] else ""))
            yield job_log.warning(f"{gate['name']}: {gate['verdict']}", printable(words.strip()))
