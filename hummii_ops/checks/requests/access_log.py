"""What the proxy's access log says of users' requests: how many, how long, how many failed. Counted on the host.

Requests of machines are not users': the health path, what the inventory ignores, and whatever hummii-ops asks itself.
"""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files

from hummii_ops.checks.at_most import unseen
from hummii_ops.checks.mask import shown
from hummii_ops.checks.requests.user_requests import Requests, Window, judge, neither, source_of, window
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames, sensible
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

SAMPLES = 300
_LIMIT_S = 90
_MS = {"s": "1000", "ms": "1", "us": "0.001", "ns": "0.000001"}
_WORDS = re.compile(r"(code|n|failed|timed|ignored|p50|p95|p99|p100) (\d{1,15}(?:\.\d{1,15})?)")


def measure(transport: Transport, snapshot: Snapshot, environment: Environment) -> tuple[Measurement, ...]:
    """`requests.errors` and `requests.time`, of the time since the release, in one call."""
    return look(transport, snapshot, environment)[1]


def look(
    transport: Transport, snapshot: Snapshot, environment: Environment
) -> tuple[Requests | None, tuple[Measurement, ...]]:
    """The same, with what was counted; None where nothing could be."""
    seen = window(snapshot, environment)
    if isinstance(seen, str):
        return None, neither(seen, environment)
    try:
        found = read(transport, seen, environment)
    except (LinkLost, Unreachable):
        reason = "could not look: the link was lost or the answer was cut while the log was read"
        names = ("requests.errors", "requests.time")
        return None, tuple(unseen(name, reason, source=source_of(seen)) for name in names)
    return None if found.trouble else found, judge(found, seen, environment)


def read(transport: Transport, seen: Window, environment: Environment) -> Requests:
    """Ask the host. Raises LinkLost, and Unreachable for an answer that was cut."""
    log = environment.access_log
    script = files("hummii_ops.checks.requests").joinpath("access_log.sh").read_text(encoding="utf-8")
    ranges = [f"{id_}:{seen.since.timestamp():.3f}:{seen.until.timestamp():.3f}" for _, id_ in seen.containers]
    ignored = [f"ignore:{path}" for path in log.ignore]
    said = transport.call(script, *head(environment), *ignored, *ranges, limit_s=_LIMIT_S)
    return parse(frames(said.stdout, host=transport.name).one("requests").text)


def head(environment: Environment) -> tuple[str, ...]:
    """The first words of access_log.sh: how the log is written."""
    log = environment.access_log
    return (log.format, log.status_key, log.time_key, _MS[log.time_unit], str(SAMPLES), environment.health.path)


@sensible
def parse(text: str) -> Requests:
    """What access_log.sh printed."""
    words = {m[1]: float(m[2]) for line in text.splitlines() if (m := _WORDS.fullmatch(line))}
    code = int(words.get("code", 127))
    said = " ".join(re.findall(r"^said (.+)$", text, flags=re.MULTILINE))
    kept = re.findall(r"^kept (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S*Z$", text, flags=re.MULTILINE)
    return Requests(
        n=int(words.get("n", 0)),
        failed=int(words.get("failed", 0)),
        timed=int(words.get("timed", 0)),
        ignored=int(words.get("ignored", 0)),
        quantiles={share: words[f"p{share}"] for share in (50, 95, 99, 100)} if "p100" in words else None,
        samples=tuple(float(one) for one in re.findall(r"^sample ([\d.]+)$", text, flags=re.MULTILINE)),
        kept_from=max((datetime.fromisoformat(f"{one}+00:00") for one in kept), default=None),
        trouble=(shown(said) or f"docker logs ended with exit code {code}") if code else None,
    )
