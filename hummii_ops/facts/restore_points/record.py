"""record.json → Record.

Never half a record: what is cut, foreign or incomplete is refused as a whole, in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hummii_ops.facts.release import Record

SCHEMA = "hummii-ops/release/v1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")


class BadRecord(ValueError):
    """The record cannot be believed; its words say why, for people."""


def parse_record(text: str) -> Record:
    """Read record.json. BadRecord with the reason."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecord("it is cut short or is no JSON") from error
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise BadRecord(f"it is not {SCHEMA}")
    services = said.get("services")
    if not isinstance(services, dict) or not services:
        raise BadRecord("it names no services")
    for name, one in services.items():
        if not isinstance(one, dict) or not _IMAGE_ID.fullmatch(str(one.get("image_id"))):
            raise BadRecord(f"service {name} has no image id")
    files = said.get("files") or {}
    compose = str(said.get("compose_sha256"))
    if not _SHA256.fullmatch(compose) or not _are_digests(files):
        raise BadRecord("its sha256 sums are incomplete")
    return Record(
        at=str(said.get("at") or ""),
        reason=str(said.get("reason") or ""),
        who=str(said.get("who") or ""),
        compose_sha256=compose,
        refs=_column(services, "ref"),
        images=_column(services, "image_id"),
        digests=_column(services, "digest"),
        config_hashes=_column(services, "config_hash"),
        files=files,
        version=said.get("version") if isinstance(said.get("version"), str) else None,
        identity=said.get("identity") if isinstance(said.get("identity"), str) else None,
    )


def _column(services: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, str]:
    return {name: one[key] for name, one in services.items() if isinstance(one.get(key), str)}


def _are_digests(files: Any) -> bool:
    return isinstance(files, dict) and all(
        isinstance(path, str) and isinstance(one, str) and _SHA256.fullmatch(one) for path, one in files.items()
    )
