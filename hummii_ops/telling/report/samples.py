"""What the host's own questions to its health URL came to, from evidence/probe.txt: answers, latency, gaps, recovery.

What was not asked is not known: a gap is never taken for a good answer, nor for a bad one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# A chart is some 700 points wide: more than this cannot be told apart on it.
MOST_POINTS = 240
_LEAST_GAP_MS = 2000


@dataclass(frozen=True, kw_only=True, order=True)
class Sample:
    """One question: when it was asked by the host's clock, what it took, and whether the answer was a 2xx."""

    at_ms: int
    took_ms: int
    good: bool


def parse(text: str) -> list[Sample]:
    """The samples of probe.txt ("start_ms end_ms code"), by time; a torn line is passed over."""
    found = (_sample(line.split()) for line in text.splitlines())
    return sorted(one for one in found if one is not None)


def _sample(words: list[str]) -> Sample | None:
    if len(words) != 3 or not (words[0].isdecimal() and words[1].isdecimal()) or max(map(len, words[:2])) > 15:
        return None
    start, end = int(words[0]), int(words[1])
    return Sample(at_ms=start, took_ms=max(0, end - start), good=len(words[2]) == 3 and words[2].startswith("2"))


def percentile(ordered: Sequence[int], share: float) -> int:
    """By the nearest rank, of values in their order."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def recovered_ms(samples: Sequence[Sample], since_ms: float) -> int | None:
    """When the health URL began to answer well for good; None: it never was ill after `since_ms`, or still is."""
    since = [one for one in samples if one.at_ms >= since_ms]
    last_bad = max((place for place, one in enumerate(since) if not one.good), default=None)
    if last_bad is None or last_bad + 1 == len(since):
        return None
    return since[last_bad + 1].at_ms


def first_bad_ms(samples: Sequence[Sample], since_ms: float) -> int | None:
    """When the health URL first gave no good answer."""
    return next((one.at_ms for one in samples if one.at_ms >= since_ms and not one.good), None)


def summary(samples: Sequence[Sample]) -> dict[str, Any] | None:
    """The figures, and the points of a chart; None if nothing was sampled. Latency is that of good answers."""
    if not samples:
        return None
    good = sorted(one.took_ms for one in samples if one.good)
    steps = sorted(after.at_ms - one.at_ms for one, after in pairwise(samples))
    usual_ms = percentile(steps, 0.5) if steps else 0
    buckets = _buckets(samples)
    width_ms = (samples[-1].at_ms - samples[0].at_ms) / max(1, len(buckets))
    return {
        "asked": len(samples),
        "good": len(good),
        "p50_ms": percentile(good, 0.5) if good else None,
        "p95_ms": percentile(good, 0.95) if good else None,
        "gap_ms": round(max(_LEAST_GAP_MS, 5 * usual_ms, 3 * width_ms)),
        "points": [_point(one) for one in buckets],
    }


def _buckets(samples: Sequence[Sample]) -> list[list[Sample]]:
    """By equal spans of time, so that a gap stays a gap; each sample by itself where they are few."""
    if len(samples) <= MOST_POINTS:
        return [[one] for one in samples]
    first, span = samples[0].at_ms, samples[-1].at_ms - samples[0].at_ms + 1
    found: dict[int, list[Sample]] = {}
    for one in samples:
        found.setdefault((one.at_ms - first) * MOST_POINTS // span, []).append(one)
    return list(found.values())


def _point(bucket: Sequence[Sample]) -> dict[str, Any]:
    good = sorted(one.took_ms for one in bucket if one.good)
    return {
        "at_ms": bucket[0].at_ms,
        "p50_ms": percentile(good, 0.5) if good else None,
        "worst_ms": good[-1] if good else None,
        "bad": len(bucket) - len(good),
    }
