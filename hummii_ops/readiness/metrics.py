"""What `fab ready` found, in the text format of Prometheus, for the node exporter's textfile collector.

Looks of one family (each release, each backup) are one series with the worst of them: names must not pile up there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hummii_ops.errors import UsageError

_STANDS_FOR = {"pass": 0, "inconclusive": 1, "error": 2, "fail": 3}


def text(body: Mapping[str, Any], verdict: str, *, at_s: float) -> str:
    """The whole file."""
    where = {"environment": str(body["environment"])}
    families = [
        ("ready_status", "0 ready, 1 yellow or not known, 2 could not look, 3 not ready", _overall(where, verdict)),
        ("ready_check_status", "The same for each family of looks of a host", _checks(body["lines"], where)),
        ("ready_value", "What a look measured, in its unit", _values(body["lines"], where)),
        ("ready_timestamp_seconds", "When this was looked at", [(where, at_s)]),
    ]
    return "".join(line for name, words, samples in families for line in _family(name, words, samples))


def write(path: Path, content: str) -> None:
    """Beside, then renamed: the collector never sees half a file; it must be able to read it. Raises UsageError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(content, encoding="utf-8")
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(
            f"--metrics: {path} cannot be written: {error.strerror}", remedy="name a file in a folder that is writable"
        ) from error


def _overall(where: Mapping[str, str], verdict: str) -> Sequence[tuple[Mapping[str, str], float]]:
    return [(where, _STANDS_FOR[verdict])]


def _checks(lines: Sequence[Mapping[str, Any]], where: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], float]]:
    worst: dict[tuple[str, str], int] = {}
    for one in lines:
        if one["verdict"] in _STANDS_FOR:
            key = (one["host"], one["name"].partition(".")[0])
            worst[key] = max(worst.get(key, 0), _STANDS_FOR[one["verdict"]])
    for (host, check), status in worst.items():
        yield {**where, "host": host, "check": check}, status


def _values(lines: Sequence[Mapping[str, Any]], where: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], float]]:
    for one in lines:
        if isinstance(one["value"], int | float) and one["unit"]:
            yield {**where, "host": one["host"], "check": one["name"], "unit": one["unit"]}, one["value"]


def _family(name: str, words: str, samples: Any) -> Iterator[str]:
    yield f"# HELP hummii_ops_{name} {words}.\n# TYPE hummii_ops_{name} gauge\n"
    for labels, value in samples:
        named = ",".join(f'{key}="{_escaped(said)}"' for key, said in labels.items())
        yield f"hummii_ops_{name}{{{named}}} {value}\n"


def _escaped(said: str) -> str:
    return said.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
