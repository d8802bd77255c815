"""A job whose rollback is done at once: what it is told, as a process, so that what it leaves behind can be seen.

Usage: python told_job.py LOOKS, the number of looks afterwards that are ill. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from hummii_ops.ci.decide import Decision, Deploy
from hummii_ops.errors import ExitCode
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.deploys.ci_answer import Done, Wanted
from hummii_ops.tasks.deploys.ci_told import told

SHA = "0123456789abcdef0123456789abcdef01234567"
HERE = Environment.model_validate({"name": "production", "hosts": [{"name": "lab-1", "address": "192.0.2.1"}]})
WANTED = Wanted(
    deploy=Deploy(result="failure", commit=SHA),
    by_hand=False,
    to=None,
    wait_s=0,
    settle_s=None,
    dry_run=False,
    yes=True,
    reason="",
)
RUN = {
    "run_id": "20260115T103000Z-rollback-1a2b",
    "from": {"version": "1.1"},
    "to": {"version": "1.0"},
    "steps": [],
    "report": None,
}


def main(ill: int) -> None:
    began, begun = time.monotonic(), list[float]()

    def work(begins: Callable[[], None]) -> Done:
        begun.append(time.monotonic() - began)
        begins()
        reply = Reply(kind="rollback", body=dict(RUN), exit_code=ExitCode.DONE, verdict="pass")
        decisions = {"lab-1": Decision(rolls_back=True, why="touched")}
        return Done(decisions=decisions, rollback=reply, verify=_verified(ill))

    reply = told(WANTED, HERE, work)
    said = {"exit_code": int(reply.exit_code), "verdict": reply.verdict, "notes": reply.body["notes"]}
    print(json.dumps(said | {"begun_s": begun[0], "took_s": time.monotonic() - began}))


def _verified(ill: int) -> Reply:
    """The worst stand last: `error` for the first half, then `fail`."""
    looks = [
        {
            "host": "lab-1",
            "name": f"look {number}",
            "critical": True,
            "reason": "503",
            "verdict": "error" if number < ill / 2 else "fail",
        }
        for number in range(ill)
    ]
    code = ExitCode.DEGRADED if ill else ExitCode.DONE
    return Reply(kind="verify", body={"measurements": looks}, exit_code=code, verdict="fail" if ill else "pass")


if __name__ == "__main__":
    main(int(sys.argv[1]))
