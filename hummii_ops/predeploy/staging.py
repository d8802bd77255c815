"""Was exactly this tried on staging, and was it well? A file of evidence: who saw what, when, of which images. Pure.

It counts for the commit and the images that it names, until it expires, and only if nobody changed it since.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hummii_ops.checks.verdict import Judged
from hummii_ops.predeploy.gate import Gate
from hummii_ops.transport.text import printable

SCHEMA = "hummii-ops/staging-evidence/v1"


class NoEvidence(Exception):
    """It cannot be read as evidence; says why."""


def evidence(
    *,
    sha: str,
    environment: str,
    version: str | None,
    images: Mapping[str, Sequence[str]],
    verdict: str,
    looks: Mapping[str, str],
    who: str,
    at: datetime,
    good_for_h: float,
    key: str | None,
) -> dict[str, Any]:
    """The document. `images`: of each service, the id and the digests by which its image is known."""
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "sha": sha,
        "environment": environment,
        "version": version,
        "images": {service: list(names) for service, names in images.items()},
        "verdict": verdict,
        "looks": dict(looks),
        "who": who,
        "at": at.isoformat(timespec="seconds"),
        "expires": (at + timedelta(hours=good_for_h)).isoformat(timespec="seconds"),
    }
    return said | {"sha256": _sum(said), "signature": None if key is None else _signature(said, key)}


def changed_since(verified: Sequence[Mapping[str, Any]], runs: Mapping[str, str | None]) -> list[str]:
    """The hosts on which another release runs than verify has looked at, or one that cannot be told from another.

    That is one whose files are not what runs (`None`). The verdict says nothing of either.
    """
    seen = {one["name"]: one["identity"] for one in verified}
    return sorted(host for host, identity in runs.items() if identity is None or seen.get(host) != identity)


def parse(text: str, *, key: str | None) -> dict[str, Any]:
    """The evidence, whole and unchanged; with a key, signed by who has it. Raises NoEvidence."""
    try:
        said: dict[str, Any] = json.loads(text)
        if said["schema"] != SCHEMA:
            raise NoEvidence("it is of another form")
        given, signature = said.pop("sha256"), said.pop("signature")
        datetime.fromisoformat(said["expires"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoEvidence("it is no evidence of ours") from None
    if not hmac.compare_digest(str(given), _sum(said)):
        raise NoEvidence("it was changed after it was written")
    if key is not None and not hmac.compare_digest(str(signature), _signature(said, key)):
        raise NoEvidence("its signature is not that of predeploy.evidence_key")
    return said


def judge(found: dict[str, Any] | NoEvidence | None, sha: str, image: str | None, *, file: str, now: datetime) -> Gate:
    """The gate `staging`; `image` is the digest or the id that will be deployed."""
    if found is None:
        return _gate("inconclusive", "no evidence was given: --staging=FILE", "--staging")
    if isinstance(found, NoEvidence):
        return _gate("error", str(found), file)
    expires = datetime.fromisoformat(found["expires"]).astimezone(UTC)
    seen = f"{found['environment']}, {found['at']}, by {found['who']}"
    if found["sha"] != sha:
        return _gate("fail", f"it is of another commit: {found['sha']!r:.60}", file)
    if now > expires:
        return _gate("fail", f"it has expired ({expires:%Y-%m-%d %H:%M} UTC): {seen}", file)
    if found["verdict"] != "pass":
        ill = [f"{name}: {said}" for name, said in found["looks"].items() if said not in ("pass", "skipped")]
        return _gate("fail", f"staging was not well ({found['verdict']}): {seen}", file, ill)
    if image is None:
        return _gate("inconclusive", "which image will be deployed was not said: --image=sha256:…", file)
    digest = image.rsplit("@", 1)[-1]
    known = {name.rsplit("@", 1)[-1] for names in found["images"].values() for name in names}
    if digest not in known:
        return _gate("fail", f"{digest:.24} did not run on staging: {seen}", file)
    return _gate("pass", f"it was well there: {seen}", file)


def _gate(verdict: Judged, reason: str, source: str, details: Sequence[str] = ()) -> Gate:
    lines = tuple(printable(one) for one in details)
    return Gate(name="staging", verdict=verdict, reason=printable(reason), source=source, details=lines)


def _text(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _sum(said: Mapping[str, Any]) -> str:
    return sha256(_text(said)).hexdigest()


def _signature(said: Mapping[str, Any], key: str) -> str:
    return hmac.new(key.encode(), _text(said), sha256).hexdigest()
