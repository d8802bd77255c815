"""What a CI job is told of its gates: the output, a page, and a warning for each gate that does not pass."""

from __future__ import annotations

import os
from typing import Any

from hummii_ops.ci.summary import gates_page
from hummii_ops.github import job as jobs
from hummii_ops.tasks.frame import Reply, say
from hummii_ops.telling import job_log
from hummii_ops.transport.text import printable


def hand_back(reply: Reply) -> None:
    """Outside of a job nothing; a file that cannot be written is a note."""
    job, document = jobs.job_of(os.environ), reply.document()
    try:
        jobs.put_outputs(job, {"verdict": reply.verdict})
        jobs.put_summary(job, gates_page(document, jobs.cell))
    except OSError as error:
        say().print(f"note: the job's files could not be written: {error}", style="dim", markup=False)
    if job_log.wanted(os.environ):
        for gate in document["gates"]:
            _warn(gate)


def _warn(gate: dict[str, Any]) -> None:
    if gate["verdict"] not in ("pass", "skipped"):
        words = "\n".join((gate["reason"], *gate["details"], f"waived: {gate['waived']}" if gate["waived"] else ""))
        say().print(job_log.warning(f"{gate['name']}: {gate['verdict']}", printable(words.strip())), markup=False)
