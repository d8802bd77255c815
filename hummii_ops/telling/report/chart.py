"""A chart of one host's health URL as a small SVG: latency over time, bad answers, moments of the run, a limit.

No script, no font and no picture from elsewhere. Where nothing was asked, no line is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

WIDTH, HEIGHT = 760, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 46, 40
_STEPS = (1, 2, 5, 10)

# Which moments of a host are drawn, and their words; the way back counts as a change of its own.
_MARKS = (
    ("changed_at", "first change"),
    ("back_at", "way back"),
    ("placed_at", "in place"),
    ("recovered_at", "well again"),
)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From milliseconds to the picture; `top_ms` is the greatest latency that is drawn."""

    begin_ms: float
    end_ms: float
    top_ms: float

    def x(self, at_ms: float) -> float:
        span = max(1.0, self.end_ms - self.begin_ms)
        return round(_LEFT + (at_ms - self.begin_ms) / span * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, latency_ms: float) -> float:
        room = HEIGHT - _TOP - _BOTTOM
        return round(HEIGHT - _BOTTOM - min(latency_ms, self.top_ms) / self.top_ms * room, 1)


def chart(host: Mapping[str, Any], *, limit_ms: float | None, number: int = 0) -> str:
    """The SVG of a host of the report; "" where nothing was sampled. `number` makes its ids its own."""
    health = host["health"]
    if not health:
        return ""
    marks = [(_ms(host[key]), words) for key, words in _MARKS if host[key]]
    scale = scale_of(health["points"], [at for at, _ in marks], limit_ms)
    title, told = f"Health answers of {host['name']}", _told(health, marks)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t{number} d{number}" class="chart">',
        f'<title id="t{number}">{escape(title)}</title><desc id="d{number}">{escape(told)}</desc>',
        *_axes(scale),
        *_limit(scale, limit_ms),
        *(f'<polyline class="{key}" points="{line}"/>' for key, line in _lines(scale, health)),
        *_bad(scale, health["points"]),
        *_marks(scale, marks),
        "</svg>",
    ]
    return "\n".join(parts)


def scale_of(points: Sequence[Mapping[str, Any]], moments: Sequence[float], limit_ms: float | None) -> Scale:
    """All samples and moments fit; a limit far above what was measured is not drawn: it would flatten the rest."""
    times = [point["at_ms"] for point in points] + list(moments)
    worst = max((point["worst_ms"] or 0 for point in points), default=0)
    if limit_ms is not None and limit_ms <= 4 * worst:
        worst = max(worst, limit_ms)
    return Scale(begin_ms=min(times), end_ms=max(times), top_ms=_round_up(max(worst, 10)))


def _round_up(value: float) -> float:
    size = 10 ** (len(str(int(value))) - 1)
    return float(next(step * size for step in _STEPS if value <= step * size))


def segments(points: Sequence[Mapping[str, Any]], key: str, gap_ms: float) -> Iterator[list[tuple[float, float]]]:
    """The stretches in which there is a value: a bad answer or a gap ends one."""
    stretch: list[tuple[float, float]] = []
    for point in points:
        at, value = point["at_ms"], point[key]
        if stretch and (value is None or at - stretch[-1][0] > gap_ms):
            yield stretch
            stretch = []
        if value is not None:
            stretch.append((at, value))
    if stretch:
        yield stretch


def _lines(scale: Scale, health: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, name in (("worst_ms", "worst"), ("p50_ms", "median")):
        for stretch in segments(health["points"], key, health["gap_ms"]):
            stretch = stretch if len(stretch) > 1 else [stretch[0], (stretch[0][0] + 1, stretch[0][1])]
            yield name, " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in stretch)


def _axes(scale: Scale) -> Iterator[str]:
    base = HEIGHT - _BOTTOM
    for share in (0, 0.5, 1):
        y = scale.y(share * scale.top_ms)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share * scale.top_ms:g} ms</text>'
    for share in (0, 0.25, 0.5, 0.75, 1):
        after_ms = share * (scale.end_ms - scale.begin_ms)
        anchor = "end" if share == 1 else "middle"
        x = scale.x(scale.begin_ms + after_ms)
        yield f'<text x="{x}" y="{base + 16}" text-anchor="{anchor}">{after_ms / 1000:.0f} s</text>'
    below = f"seconds since {_clock(scale.begin_ms)} UTC, by the host’s clock; red: no good answer"
    yield f'<text x="{_LEFT}" y="{HEIGHT - 6}">{below}</text>'


def _limit(scale: Scale, limit_ms: float | None) -> Iterator[str]:
    if limit_ms is not None and limit_ms <= scale.top_ms:
        y = scale.y(limit_ms)
        yield f'<line class="limit" x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}"/>'
        yield f'<text class="limit" x="{WIDTH - _RIGHT}" y="{y - 4}" text-anchor="end">limit {limit_ms:g} ms</text>'


def _bad(scale: Scale, points: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    base = HEIGHT - _BOTTOM
    for point in points:
        if point["bad"]:
            yield f'<rect class="bad" x="{scale.x(point["at_ms"])}" y="{base - 8}" width="3" height="8"/>'


def _marks(scale: Scale, marks: Sequence[tuple[float, str]]) -> Iterator[str]:
    for place, (at, words) in enumerate(marks):
        x, y = scale.x(at), 12 + 11 * (place % 3)  # three rows, so that moments close to each other can be read
        anchor = "end" if x > WIDTH * 0.8 else "start"
        yield f'<line class="mark" x1="{x}" y1="{y}" x2="{x}" y2="{HEIGHT - _BOTTOM}"/>'
        beside = x - 4 if anchor == "end" else x + 4
        yield f'<text class="mark" x="{beside:.1f}" y="{y + 4}" text-anchor="{anchor}">{words}</text>'


def _told(health: Mapping[str, Any], marks: Sequence[tuple[float, str]]) -> str:
    bad = health["asked"] - health["good"]
    said = f"asked {health['asked']} times, {bad} without a good answer"
    if health["p50_ms"] is not None:
        said += f"; good answers took {health['p50_ms']} ms at the median, {health['p95_ms']} ms at the 95th percentile"
    return "; ".join((said, *(f"{words} at {_clock(at)} UTC" for at, words in marks)))


def _ms(at: str) -> float:
    return datetime.fromisoformat(at).timestamp() * 1000


def _clock(at_ms: float) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%H:%M:%S}"
