"""fab postdeploy: is what was just deployed well, and safe? All that fab verify looks at, and a look at its security.

Never asks, changes nothing, and as verify keeps only what a pass proves: the mark `good`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

from hummii_ops.checks import Measurement, exit_code_of, worst
from hummii_ops.errors import ExitCode, Unreachable, UsageError
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health.looking import Seen, see
from hummii_ops.tasks.health.verify import judged, keep, teller
from hummii_ops.transport import LinkLost

_MOST_AT_ONCE = 8
_SHA, _DIGEST = re.compile(r"[0-9a-f]{7,64}"), re.compile(r"sha256:[0-9a-f]{64}")
_HELP = {
    "sha": "the commit that was deployed: the image's label org.opencontainers.image.revision must say so",
    "digest": "the image that was deployed, sha256:…: it must be the one that runs",
    "settle": "seconds between the two looks at the services",
    "all": "show each look, also those that are well",
}


@command("postdeploy", help=_HELP)
def postdeploy(
    _context: Any,
    sha: str = "",
    digest: str = "",
    settle: int = 3,
    all: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """After a deploy: all of fab verify, and security: headers, TLS, ports that are open, images as they were built."""
    if not 0 <= settle <= 3600:
        raise UsageError(f"--settle is 0 to 3600 seconds, not {settle}")
    if (sha and not _SHA.fullmatch(sha)) or (digest and not _DIGEST.fullmatch(digest)):
        raise UsageError("--sha is a commit in hex, --digest is sha256: and 64 hex digits")
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    left = Event()
    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="postdeploy") as threads:
        try:
            hear = teller([site.host.name for site in sites])
            looked = [
                threads.submit(see, site, settle_s=settle, left=left, hear=partial(hear, site.host.name))
                for site in sites
            ]
            outside = [threads.submit(_outside, site) for site in sites]
            seen = [
                _with_security(each.result(), beside.result(), sha=sha, digest=digest)
                for each, beside in zip(looked, outside, strict=True)
            ]
        finally:
            left.set()
        verdict = worst(one for each in seen for one in each.measurements)
        if exit_code_of(verdict) is ExitCode.DONE:
            seen = list(threads.map(keep, seen))
    return judged("postdeploy", environment, seen, every=all)


def _outside(site: Site) -> Sequence[Measurement]:
    """What the public URL shows to everyone."""
    from hummii_ops.checks import SKIPPED
    from hummii_ops.security import encryption, headers

    if not site.host.url:
        reason = "the inventory names no public URL (hosts[].url)"
        return (Measurement(name="headers", verdict=SKIPPED, reason=reason, source="inventory.yml"),)
    settings = site.environment.postdeploy
    return (*encryption.look(site.host.url, settings), *headers.look(f"{site.host.url}/", settings))


def _with_security(seen: Seen, outside: Sequence[Measurement], *, sha: str, digest: str) -> Seen:
    """What was seen, with who may reach what, and which images these are."""
    from hummii_ops.security import built, images, ports

    environment = seen.site.environment
    try:
        found = built.read(seen.site.transport, environment.project)
    except (LinkLost, Unreachable) as error:
        reason = f"could not look: {str(error).splitlines()[0]}"
        inside: tuple[Measurement, ...] = (
            Measurement(name="exposed", verdict="error", reason=reason, source="docker ps"),
        )
    else:
        inside = (
            *ports.judge(found, seen.snapshot, environment),
            *images.judge(found, seen.snapshot, environment.version_service, sha=sha, digest=digest),
        )
    return replace(seen, measurements=(*seen.measurements, *outside, *inside))


ALL = (postdeploy,)
