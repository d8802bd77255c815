"""Docker's answers: engine, containers, images, and what Compose makes of the compose file.

Never sees a container's environment: read.sh does not ask for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hummii_ops.facts.frames import Frame, Frames
from hummii_ops.facts.stack import ContainerFact, EngineFact, Healthcheck, ImageFact
from hummii_ops.transport.text import MASK, masked, printable

_REPLICAS = re.compile(r"replicas (\S+) (\d{1,6})")
_HASH = re.compile(r"(\S+) ([0-9a-f]{64})")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
_NANO = 1_000_000_000
# What Compose quotes of an env file or a compose file when it refuses it: the rest of the file (near, variable name,
# an unterminated value), or one value, bare where it cannot fill in a `$`. A quoted word that can only be a name stays.
_REST_OF_A_FILE = re.compile(
    r"(?i)((?:\bnear|\bvariable name|\bunterminated quoted value)(?= *[\"'`])|with another \$\.(?= *\S)).*"
)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*(?:"|$)|`[^`]*(?:`|$)')
_NAME = re.compile(r'"(?:[A-Za-z][\w./-]{0,63}|.)"')
_VALUE = re.compile(r"(?i)(\bvalue: *)'[^']*(?:'|$)")
_MOST_WORDS = 300
_MOST_ODD = 100  # each may cost a look at all of the rest
# What Docker does when a healthcheck leaves a value open (docs.docker.com, HEALTHCHECK).
_INTERVAL_S, _TIMEOUT_S, _RETRIES = 30.0, 30.0, 3


def moment(text: str | None) -> datetime | None:
    """Docker's time, to the microsecond; None for its zero time."""
    matched = _MOMENT.fullmatch(text or "")
    if matched is None:
        return None
    fraction = (matched[2] or ".0")[:7]
    found = datetime.fromisoformat(matched[1] + fraction.ljust(7, "0") + matched[3].replace("Z", "+00:00"))
    return None if found.year <= 1 else found.astimezone(UTC)


def engine(frames: Frames) -> EngineFact:
    """Which Docker and Compose answered, or in its own words why not."""
    refused, answer, plugin = frames.one("docker"), frames.one("engine"), frames.one("plugin")
    if frames.all("docker"):
        silent = "docker did not answer within 10 s"
        return EngineFact(error=_words(refused.text) or silent if refused.exit_code != 124 else silent)
    if not frames.all("engine"):
        return EngineFact(error="docker is not installed")
    said = next((one for one in documents(answer.text) if one.get("Client")), {})
    client, server = said.get("Client") or {}, said.get("Server") or {}
    failed = answer.exit_code != 0 or not server
    return EngineFact(
        client_version=client.get("Version"),
        server_version=server.get("Version"),
        api_version=server.get("ApiVersion"),
        compose_version=_words(plugin.text).removeprefix("v") if plugin.exit_code == 0 else None,
        error=(_words(answer.text) or "docker gave no answer") if failed else None,
        compose_error=None if plugin.exit_code == 0 else _words(plugin.text),
    )


def config_hashes(frames: Frames) -> tuple[dict[str, frozenset[str]] | None, str | None]:
    """(hash by service, None), or (None, why): Compose could not make sense of the file on disk."""
    if not frames.all("config"):
        return None, None
    return hashes(frames.one("config"))


def hashes(answer: Frame) -> tuple[dict[str, frozenset[str]] | None, str | None]:
    """The lines of hashes.sh: for each service the labels that mean "made from these files"."""
    if answer.exit_code != 0:
        return None, refusal(answer.text)
    found: dict[str, frozenset[str]] = {}
    for match in filter(None, map(_HASH.fullmatch, answer.text.splitlines())):
        found[match[1]] = found.get(match[1], frozenset()) | {match[2]}
    return found, None


def replicas(answer: Frame) -> dict[str, int]:
    """How many replicas a compose file asks for, by service; one that it does not say it of is not in it."""
    return {match[1]: int(match[2]) for match in filter(None, map(_REPLICAS.fullmatch, answer.text.splitlines()))}


def refusal(text: str) -> str:
    """Why Compose refused a file, in its own words, without what it quotes of the file: that may be a secret."""
    lines = [line for line in text.splitlines() if "level=warning" not in line]
    words = _REST_OF_A_FILE.sub(rf"\1 {MASK}", _words("\n".join(lines)))
    words = _QUOTED.sub(lambda found: found[0] if _NAME.fullmatch(found[0]) else MASK, words)
    words = masked(_VALUE.sub(rf"\1{MASK}", words))
    return words[:_MOST_WORDS] or "docker compose did not answer"


def containers(frames: Frames) -> tuple[ContainerFact, ...]:
    """The project's containers, by service and number."""
    found = [_container(one) for one in documents(frames.one("containers").text) if one.get("Id")]
    return tuple(sorted(found, key=lambda one: (one.service, one.number, one.id)))


def images(frames: Frames) -> tuple[ImageFact, ...]:
    """The images that matter here, by id."""
    found = (_image(one) for one in documents(frames.one("images").text) if one.get("Id"))
    return tuple(sorted(found, key=lambda one: one.id))


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a text, one after the other; what stands between them is passed over, for a while."""
    decoder, at, odd = json.JSONDecoder(), 0, 0
    while (at := text.find("{", at)) >= 0 and odd < _MOST_ODD:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at, odd = at + 1, odd + 1
            continue
        if isinstance(value, dict):
            yield value


def _container(said: dict[str, Any]) -> ContainerFact:
    labels: dict[str, str] = said.get("Labels") or {}
    number = labels.get("number") or ""
    return ContainerFact(
        id=said["Id"],
        name=str(said.get("Name", "")).removeprefix("/"),
        project=labels.get("project") or "",
        service=labels.get("service") or "",
        number=int(number) if number.isdecimal() else 0,
        one_off=(labels.get("oneoff") or "").lower() == "true",
        image_id=said.get("Image") or "",
        image_ref=said.get("Ref") or "",
        config_hash=labels.get("config-hash") or None,
        status=said.get("Status") or "",
        health=said.get("Health") if said.get("Health") not in {"", "none"} else None,
        exit_code=int(said.get("ExitCode") or 0),
        oom_killed=bool(said.get("OOMKilled")),
        restart_count=int(said.get("RestartCount") or 0),
        created_at=moment(said.get("Created")) or datetime.fromtimestamp(0, UTC),
        started_at=moment(said.get("StartedAt")),
        finished_at=moment(said.get("FinishedAt")),
        restart_policy=said.get("Policy") or "no",
        healthcheck=_healthcheck(said.get("Healthcheck")),
        working_dir=labels.get("working_dir") or None,
        config_files=_split(labels.get("config_files")),
        environment_files=_split(labels.get("environment_file")),
        compose_version=labels.get("version") or None,
        mounts=tuple(one for one in said.get("Binds") or () if one),
    )


def _healthcheck(said: dict[str, Any] | None) -> Healthcheck | None:
    if not said or said.get("Test") in {None, "", "NONE"}:
        return None
    return Healthcheck(
        interval_s=(said.get("Interval") or 0) / _NANO or _INTERVAL_S,
        timeout_s=(said.get("Timeout") or 0) / _NANO or _TIMEOUT_S,
        start_period_s=(said.get("StartPeriod") or 0) / _NANO,
        retries=said.get("Retries") or _RETRIES,
    )


def _image(said: dict[str, Any]) -> ImageFact:
    size = 0
    with suppress(TypeError, ValueError):
        size = int(said.get("Size") or 0)
    return ImageFact(
        id=said["Id"],
        tags=tuple(said.get("RepoTags") or ()),
        digests=tuple(said.get("RepoDigests") or ()),
        created_at=moment(said.get("Created")),
        version=said.get("Version") or None,
        size_bytes=size,
    )


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(",") if part)


def _words(text: str) -> str:
    return printable(" ".join(text.split()))[:1000]
