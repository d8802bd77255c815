"""The image under all others: Debian 12, pulled where a registry answers, else made by debootstrap."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from hummii_ops.errors import Refused
from lab.docker import Ask, DockerFailed, Say, docker, has_image
from lab.engine import distribution, install, may_install

SUITE = "bookworm"
PULLED = f"debian:{SUITE}-slim"
PULL_LIMIT_S = 180.0
RECIPE = Path(__file__).parent / "images" / "base"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
LEFT_OUT = (
    "./usr/share/doc/*",
    "./usr/share/man/*",
    "./usr/share/locale/*",
    "./usr/share/info/*",
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
)


def certificates() -> bytes:
    """This machine's certificate bundle, b"" if it has none: npm in a build trusts whom it trusts outside."""
    return CERTIFICATES.read_bytes() if CERTIFICATES.is_file() else b""


def tag() -> str:
    inputs = hashlib.sha256(SUITE.encode() + certificates())
    for path in sorted(RECIPE.iterdir()):
        inputs.update(path.name.encode() + path.read_bytes())
    return f"hummii-lab/base:{inputs.hexdigest()[:12]}"


def ensure_base(*, say: Say, ask: Ask) -> str:
    """Return the tag of the base image, made now if missing. Raises Refused when it cannot be had."""
    wanted = tag()
    if has_image(wanted):
        return wanted
    root = PULLED if has_image(PULLED) or _pulls(say=say) else _debootstrapped(say=say, ask=ask)
    with tempfile.TemporaryDirectory() as context:
        for path in RECIPE.iterdir():
            shutil.copy(path, context)
        (Path(context) / "ca-certificates.crt").write_bytes(certificates())
        docker("build", "-q", "--build-arg", f"ROOT={root}", "-t", wanted, context, limit_s=300)
    return wanted


def _pulls(*, say: Say) -> bool:
    say(f"base image: trying to pull {PULLED} …")
    try:
        docker("pull", "-q", PULLED, limit_s=PULL_LIMIT_S)
    except DockerFailed:
        say("base image: no image registry answers")
        return False
    return True


def _debootstrapped(*, say: Say, ask: Ask) -> str:
    made = f"hummii-lab/root:{SUITE}"
    if has_image(made):
        return made
    if not may_install() or distribution() != "debian":
        raise Refused(
            f"the image {PULLED} cannot be pulled, and only on Debian, as root, can it be made here",
            remedy=f"make `docker pull {PULLED}` work, then run this again",
        )
    if shutil.which("debootstrap") is None:
        install(["debootstrap"], why="the lab's base image is made with it", say=say, ask=ask)
    say(f"base image: debootstrap {SUITE} (about a minute) …")
    # Not the usual place: that is often a small file system in memory, without the device files of a root.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        root = Path(scratch) / "root"
        mirror = _mirror()
        _run(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root), mirror])
        _write_sources(root, mirror)
        archive = Path(scratch) / "root.tar"
        left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        _run(["tar", "-C", str(root), *left_out, "-c", "-f", str(archive), "."])
        docker("import", "-c", 'CMD ["bash"]', str(archive), made, limit_s=300)
    return made


def _mirror() -> str:
    """The Debian mirror that this machine itself installs from."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in files:
        text = path.read_text() if path.is_file() else ""
        for found in re.finditer(r"^(?:deb(?: \[[^]]*\])?|URIs:)\s+(\S+)", text, re.MULTILINE):
            if re.search(r"/debian/?$", found[1]):
                return found[1].rstrip("/")
    raise Refused("no Debian mirror in this machine's apt sources", remedy="add one to /etc/apt, then run this again")


def _write_sources(root: Path, mirror: str) -> None:
    security = re.sub(r"/debian$", "/debian-security", mirror)
    (root / "etc/apt/sources.list").write_text(
        f"deb {mirror} {SUITE} main\ndeb {mirror} {SUITE}-updates main\ndeb {security} {SUITE}-security main\n"
    )


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise Refused(f"{command[0]} failed:\n{last}", remedy="mend what it says, then run this again")
