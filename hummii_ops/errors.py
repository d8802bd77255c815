"""The one error tree: every way a task can end badly, its exit code, and what to do next.

    HummiiError
    ├── UsageError        2   wrong usage or configuration
    ├── Refused           3   nothing changed
    │   ├── Unreachable   3   no answer, refused login, or no docker, before a run began
    │   └── HostKeyError  3   unknown or changed host key; nothing was sent
    ├── Busy              4   someone else holds the lease, or is at work
    ├── Restored          5   failed, and the previous state is proven back
    ├── Mixed             6   failed, and a person is needed
    ├── Degraded          7   done, but verification failed or was not confirmed from outside
    ├── Detached          8   the link was lost or left: the run goes on
    ├── Declined          9   the answer at the prompt was no
    ├── Inconclusive     10   not enough data to judge, or could not look
    └── Interrupted     130   stopped before anything changed

Never raise a bare Exception for something that can be expected: an error without a remedy is a bug.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process says to the shell; see the table in the reference documentation."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    BUSY = 4
    RESTORED = 5
    MIXED = 6
    DEGRADED = 7
    DETACHED = 8
    DECLINED = 9
    INCONCLUSIVE = 10
    INTERRUPTED = 130


class HummiiError(Exception):
    """What happened, to what, and the one next command.

    `what` is a sentence for the operator; `remedy` is the next thing to do, or "" when there is nothing to do;
    `run_id` names the run that this is about, if one exists.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL
    verdict: ClassVar[str] = "error"

    def __init__(self, what: str, *, remedy: str = "", run_id: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.run_id = run_id


class UsageError(HummiiError):
    exit_code = ExitCode.USAGE
    verdict = "usage"


class Refused(HummiiError):
    exit_code = ExitCode.REFUSED
    verdict = "refused"


class Unreachable(Refused):
    """The host or its engine did not answer before anything began."""


class HostKeyError(Refused):
    """The host's key is unknown or is not the one on record."""


class Busy(HummiiError):
    exit_code = ExitCode.BUSY
    verdict = "busy"


class Restored(HummiiError):
    exit_code = ExitCode.RESTORED
    verdict = "restored"


class Mixed(HummiiError):
    exit_code = ExitCode.MIXED
    verdict = "mixed"


class Degraded(HummiiError):
    exit_code = ExitCode.DEGRADED
    verdict = "degraded"


class Detached(HummiiError):
    exit_code = ExitCode.DETACHED
    verdict = "detached"


class Declined(HummiiError):
    exit_code = ExitCode.DECLINED
    verdict = "declined"


class Inconclusive(HummiiError):
    exit_code = ExitCode.INCONCLUSIVE
    verdict = "inconclusive"


class Interrupted(HummiiError):
    exit_code = ExitCode.INTERRUPTED
    verdict = "interrupted"
