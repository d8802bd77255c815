"""Watching production: what is told, and what the whole comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from hummii_ops.checks import Measurement
from hummii_ops.checks.verdict import Judged
from hummii_ops.errors import UsageError
from hummii_ops.scenarios.watch import Look, Watch, look
from hummii_ops.tasks.monitor import span_of, word_is_due

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def watched(looks: str) -> Watch:
    """`.` a good look, `x` a bad one, `!` one that could not be made, `?` one that did not decide; a minute apart."""
    watch = Watch()
    for number, sign in enumerate(looks):
        at = BEGAN + timedelta(minutes=number)
        one = Look(at=at, ill=("flow.order",) if sign == "x" else (), unknown=("oom",) if sign == "?" else ())
        watch.see(Look(at=at, why="no route") if sign == "!" else one)
    return watch


@pytest.mark.parametrize(
    ("looks", "turns", "verdict"),
    [
        ("...", [], "pass"),
        (".x.", ["once"], "pass"),
        (".x..x.", ["once", "once"], "pass"),
        (".xx.", ["once", "ill", "well"], "fail"),
        (".xxx", ["once", "ill"], "fail"),
        (".xx.xx", ["once", "ill", "well", "once", "ill"], "fail"),
        (".!!.", ["unseen", "seen"], "pass"),
        (".!!!.", ["unseen", "seen"], "inconclusive"),
        ("..!", ["unseen"], "inconclusive"),
        ("!!", ["unseen"], "inconclusive"),
        ("..x", ["once"], "inconclusive"),
        ("..?", [], "inconclusive"),
        (".x!x", ["once", "unseen", "seen", "once"], "inconclusive"),
        ("", [], "inconclusive"),
    ],
)
def test_turns(looks: str, turns: list[str], verdict: str) -> None:
    """Ill is two in a row; a look that could not be made is neither good nor bad; a regression stays a fail."""
    watch = watched(looks)
    assert ([one.kind for one in watch.turns], watch.verdict) == (turns, verdict)


def test_how_long_nobody_looked_is_said() -> None:
    """From the last look that was made to the next one."""
    (unseen, seen) = watched("..!!!.").turns
    assert (unseen.words, seen.words) == ("could not look: no route", "looking again; nobody looked for 240 s")
    assert watched(".xx!").words == "3 looks, 1 could not be made; ill 1 times"
    assert watched(".x.").words == "3 looks; never ill twice in a row, 1 single bad looks"


def measured(name: str, verdict: Judged, *, critical: bool = True) -> Measurement:
    return Measurement(name=name, verdict=verdict, reason="", source="", critical=critical)


def test_what_counts_of_a_look() -> None:
    """Critical looks at production; that somebody is at work, or a mark, says nothing of how it is."""
    one = look(BEGAN, [measured("quiet", "inconclusive"), measured("release.mark", "fail"), measured("oom", "pass")])
    assert (one.ill, one.unknown, one.verdict) == ((), (), "pass")
    ill = look(BEGAN, [measured("service.api", "fail"), measured("host.load", "fail", critical=False)])
    assert (ill.ill, ill.verdict) == (("service.api",), "fail")
    assert look(BEGAN, []).verdict == "inconclusive"
    assert look(BEGAN, [measured("oom", "skipped")]).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("24h", 86_400), ("7d", 604_800)]
)
def test_spans(text: str, seconds: int) -> None:
    assert span_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1", "0s", "8d", "-1h", "1.5h", "1h; id", "99999999h"])
def test_no_spans(text: str) -> None:
    with pytest.raises(UsageError):
        span_of(text)


def test_the_public_hears_at_most_20_minutes_apart() -> None:
    """With looks 30 s apart: the first word in time, then again, and none after two hours."""
    began = word = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
    words = []
    for number in range(60 * 6):
        at = began + timedelta(seconds=30 * number)
        if word_is_due(at, word, began):
            words.append(at)
            word = at
    gaps = [(after - before).total_seconds() / 60 for before, after in pairwise([began, *words])]
    assert max(gaps) < 20
    assert len(words) == 6
    assert words[-1] < began + timedelta(hours=2)
