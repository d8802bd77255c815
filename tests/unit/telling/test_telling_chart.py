"""The chart: where its points lie, what is not drawn, and what it says to those who cannot see it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from hummii_ops.telling.report import samples
from hummii_ops.telling.report.chart import Scale, chart, scale_of, segments


def probe(*answers: tuple[int, int, str]) -> str:
    return "".join(f"{start} {start + took} {code}\n" for start, took, code in answers)


def host(text: str, **moments: str) -> dict[str, Any]:
    marks = dict.fromkeys(("changed_at", "back_at", "placed_at", "recovered_at")) | moments
    return {"name": "<h>", "health": samples.summary(samples.parse(text)), **marks}


def test_points_lie_where_they_should() -> None:
    """From the left edge to the right, from the base to the top; what is above the top is at the top."""
    scale = Scale(begin_ms=1000, end_ms=2000, top_ms=100)
    assert (scale.x(1000), scale.x(1500), scale.x(2000)) == (58, 403, 748)
    assert (scale.y(0), scale.y(50), scale.y(100), scale.y(500)) == (210, 128, 46, 46)


def test_a_gap_and_a_bad_answer_end_a_line() -> None:
    """What was not asked is not drawn, and a bad answer has no latency."""
    text = probe((0, 5, "200"), (500, 6, "200"), (9000, 7, "200"), (9500, 8, "503"), (9900, 9, "200"))
    health = samples.summary(samples.parse(text))
    assert health is not None
    lines = list(segments(health["points"], "p50_ms", health["gap_ms"]))
    assert lines == [[(0, 5), (500, 6)], [(9000, 7)], [(9900, 9)]]


@pytest.mark.parametrize(("limit", "drawn"), [(100.0, True), (5000.0, False), (None, False)])
def test_a_limit_is_drawn_where_it_does_not_flatten_the_rest(limit: float | None, drawn: bool) -> None:
    """A limit near what was measured is a line; one far above it would make all the rest a line."""
    picture = chart(host(probe((0, 50, "200"), (1000, 60, "200"))), limit_ms=limit)
    assert ('class="limit"' in picture) is drawn
    assert scale_of([{"at_ms": 0, "worst_ms": 60}], [], limit).top_ms == 100


def test_the_moments_of_the_run_are_marked() -> None:
    """First change, way back, in place, well again; also where nothing was asked any more."""
    moments = {"changed_at": "1970-01-01T00:00:01+00:00", "back_at": "1970-01-01T00:00:04+00:00"}
    picture = chart(host(probe((0, 5, "200"), (2000, 0, "000")), **moments), limit_ms=None)
    root = ElementTree.fromstring(picture)
    assert [one.text for one in root.iter("text") if one.get("class") == "mark"] == ["first change", "way back"]
    assert [one.get("x1") for one in root.iter("line") if one.get("class") == "mark"] == ["230.5", "748.0"]
    assert len(root.findall("rect[@class='bad']")) == 1


def test_the_chart_tells_itself_in_words() -> None:
    """A title and a description, escaped, and named by the picture."""
    root = ElementTree.fromstring(chart(host(probe((0, 5, "200"), (2000, 7, "503"))), limit_ms=None, number=3))
    assert root.get("aria-labelledby") == "t3 d3"
    assert root.findtext("title") == "Health answers of <h>"
    assert "asked 2 times, 1 without a good answer" in (root.findtext("desc") or "")


def test_nothing_sampled_is_no_chart() -> None:
    """Rather none than an empty one that looks like a quiet one."""
    assert chart(host(""), limit_ms=None) == ""


def test_many_samples_are_few_points() -> None:
    """A picture has room for so many: the worst of each span stays, and every bad answer counts."""
    text = probe(*((n * 100, 900 if n == 777 else 10, "503" if n % 1000 == 0 else "200") for n in range(10_000)))
    health = samples.summary(samples.parse(text))
    assert health is not None
    assert len(health["points"]) <= samples.MOST_POINTS
    assert max(one["worst_ms"] for one in health["points"]) == 900
    assert sum(one["bad"] for one in health["points"]) == 10
    assert len(list(segments(health["points"], "p50_ms", health["gap_ms"]))) == 1


@pytest.mark.parametrize(
    ("codes", "well"),
    [("200 200", None), ("503 503", None), ("503 200 200", 1000), ("200 503 200 503 200", 4000), ("200 503", None)],
)
def test_well_again_is_for_good(codes: str, well: int | None) -> None:
    """One good answer among bad ones is no recovery; who never was ill did not recover."""
    text = probe(*((n * 1000, 1, code) for n, code in enumerate(codes.split())))
    assert samples.recovered_ms(samples.parse(text), 0) == well
