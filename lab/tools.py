"""Programs that the tests call beside Python: says what is missing, and installs it where it may.

python -m lab.tools sshd shellcheck
"""

from __future__ import annotations

import shutil
import sys

from hummii_ops.errors import HummiiError, Refused
from lab.engine import install, may_install
from lab.tasks import asking

# Program → Debian package.
PACKAGES = {
    "sshd": "openssh-server",
    "shellcheck": "shellcheck",
    "curl": "curl",
    "strace": "strace",
    "prometheus": "prometheus",
    "chromium": "chromium",
}


def ensure(programs: list[str]) -> None:
    """Return when all are here. Raises Refused with what is missing and what to do."""
    missing = [name for name in programs if not _here(name)]
    if not missing:
        return
    packages = [PACKAGES[name] for name in missing]
    if not may_install():
        raise Refused(
            f"missing: {', '.join(missing)}",
            remedy=f"install them, on Debian: apt-get install {' '.join(packages)}",
        )

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    install(packages, why="the tests call them", say=say, ask=asking(say))


def _here(program: str) -> bool:
    return shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin") is not None


if __name__ == "__main__":
    try:
        ensure(sys.argv[1:])
    except HummiiError as error:
        sys.exit(f"{error.what}\n  next: {error.remedy}")
