"""Finds a Docker Engine that answers; on Debian or Ubuntu, as root, installs and starts one; stops none."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hummii_ops.errors import Declined, HummiiError, Refused
from lab.docker import Ask, DockerFailed, Say, docker
from lab.locks import held, machine_wide

OLDEST = (20, 10)
START_LIMIT_S = 90.0
WAIT_FOR_APT = ("-o", "DPkg::Lock::Timeout=300")
DOCKERD_LOG = Path("/var/log/hummii-lab-dockerd.log")
DOCKERD_PID = Path("/var/run/docker.pid")
SOCKET = Path("/var/run/docker.sock")


def ensure_engine(*, say: Say, ask: Ask) -> None:
    """Return when an engine answers. Raises Refused with what is missing, Declined when the answer was no."""
    if _version() is not None:
        _check_version()
        return
    with held(machine_wide("engine"), say=say, why="setting up Docker"):
        if _version() is None:
            _set_up(say=say, ask=ask)
    _check_version()


def distribution() -> str:
    """`debian`, `ubuntu`, or another word for what this machine runs."""
    if platform.system() != "Linux":
        return platform.system().lower()
    return platform.freedesktop_os_release().get("ID", "linux")


def may_install() -> bool:
    return distribution() in ("debian", "ubuntu") and os.geteuid() == 0


def install(packages: list[str], *, why: str, say: Say, ask: Ask) -> None:
    """Install Debian packages, after saying which and why. Raises Refused when apt cannot."""
    say(f"will install with apt: {' '.join(packages)} ({why})")
    if not ask(f"Install {', '.join(packages)} on this machine?"):
        raise Declined(f"{' '.join(packages)} not installed", remedy="install them yourself, then run this again")
    for command in (
        ["apt-get", *WAIT_FOR_APT, "update", "-q"],
        ["apt-get", *WAIT_FOR_APT, "install", "-q", "-y", "--no-install-recommends", *packages],
    ):
        say(f"apt-get {' '.join(command[3:])} …")
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
        if done.returncode != 0 and "install" in command:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise Refused(
                f"apt could not install {' '.join(packages)}:\n{last}", remedy="mend apt, then run this again"
            )


def _version() -> str | None:
    if shutil.which("docker") is None:
        return None
    try:
        return docker("version", "--format", "{{.Server.Version}}", limit_s=20) or None
    except DockerFailed:
        return None


def _check_version() -> None:
    version = _version() or ""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        raise Refused(
            f"the Docker Engine here is {version or 'not answering'}; the lab needs 20.10 or newer",
            remedy="install a newer Docker Engine, then run this again",
        )


def _set_up(*, say: Say, ask: Ask) -> None:
    if SOCKET.exists() and not os.access(SOCKET, os.W_OK):
        raise Refused(
            f"a Docker Engine is here, but this account may not use {SOCKET}",
            remedy="add the account to the group docker and log in again, or run this as root",
        )
    if not may_install():
        raise Refused(
            "no Docker Engine answers, and it can be installed only on Debian or Ubuntu, as root",
            remedy="install and start Docker 20.10 or newer (`docker version` shows it), then run this again",
        )
    missing = [] if shutil.which("dockerd") else ["docker.io", "iptables"]
    if not shutil.which("debootstrap") and distribution() == "debian":
        missing.append("debootstrap")
    if missing:
        install(missing, why="the lab's hosts are containers", say=say, ask=ask)
    _start(say=say)


def _start(*, say: Say) -> None:
    say("starting the Docker Engine …")
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "start", "docker"], stdin=subprocess.DEVNULL, check=False)
    elif not _is_starting():
        DOCKERD_PID.unlink(missing_ok=True)
        with DOCKERD_LOG.open("ab") as log:
            # A session of its own: the engine outlives this process, and a Ctrl-C here does not reach it.
            subprocess.Popen(
                ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
            )
    deadline = time.monotonic() + START_LIMIT_S
    while _version() is None:
        if time.monotonic() > deadline:
            raise Refused(
                f"dockerd was started but does not answer after {START_LIMIT_S:.0f} s",
                remedy=f"mend what {DOCKERD_LOG} (or `journalctl -u docker`) says, then run this again",
            )
        time.sleep(0.3)
    say(f"Docker Engine {_version()} answers")


def _is_starting() -> bool:
    """Whether someone else's dockerd is alive, so that it only has to be waited for."""
    try:
        pid = int(DOCKERD_PID.read_text())
        return Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd"
    except (OSError, ValueError):
        return False


def main() -> int:
    """`python -m lab.engine`: an engine that answers, or what is missing."""
    from lab.tasks import asking

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        ensure_engine(say=say, ask=asking(say))
    except HummiiError as error:
        say(f"{error.what}\n  next: {error.remedy}")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
