"""What a task hands back to the CI job that it ran in: outputs, a page, and warnings. Outside of a job: nothing.

Never an error: the work is done, and its exit code is what counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from hummii_ops.github import job as jobs
from hummii_ops.tasks.call.said import say
from hummii_ops.telling import job_log


def hand_back(job: jobs.Job, outputs: Mapping[str, str], page: str, warnings: Iterable[str]) -> None:
    """A file that cannot be written is a note. `warnings`: lines as job_log makes them."""
    try:
        jobs.put_outputs(job, outputs)
        jobs.put_summary(job, page)
    except OSError as error:
        say().print(f"note: the job's files could not be written: {error}", style="dim", markup=False)
    if job_log.wanted(os.environ):
        for one in warnings:
            say().print(one, markup=False)
