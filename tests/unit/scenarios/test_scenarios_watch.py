"""Watching production: what is told, and what the whole comes to."""

from __future__ import annotations

import base64
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checks"))

from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks import Measurement
from hummii_ops.checks.verdict import Judged
from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment
from hummii_ops.scenarios.missed import Missed
from hummii_ops.scenarios.watch import Look, Watch, look
from hummii_ops.tasks.health.catching_up import missed
from hummii_ops.tasks.health.monitor import span_of, word_is_due
from hummii_ops.transport import FakeTransport, Result

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


def gap(**otherwise: Any) -> Missed:
    known: dict[str, Any] = {"host": "prod-1", "since": BEGAN, "until": BEGAN, "requests": 300, "errors_percent": 1.0}
    return Missed(**(known | otherwise))


def test_what_the_host_kept_of_the_gap() -> None:
    """It is told when somebody looks again; users who were badly served meanwhile are a regression."""
    watch = Watch()
    watch.see(Look(at=BEGAN))
    watch.see(Look(at=BEGAN + timedelta(minutes=1), why="no route"))
    (again,) = watch.see(Look(at=BEGAN + timedelta(minutes=2), missed=(gap(began=("api",)),)))
    assert again.kind == "seen"
    said = "nobody looked for 120 s; prod-1: 0 of 300 requests failed, started anew: api"
    assert again.words.endswith(said)
    assert watch.verdict == "pass"
    told = watch.see(Look(at=BEGAN + timedelta(minutes=9), missed=(gap(failed=4),)))  # a lid that was closed
    assert [one.kind for one in told] == ["seen", "ill"]
    assert "while nobody looked: prod-1: 4 of 300 requests failed" in told[1].words
    assert watch.verdict == "fail"


def test_a_gap_of_which_nothing_is_known() -> None:
    """It is said; and a few that failed are an accident."""
    unknown = gap(requests=None, why="docker has kept no more")
    assert "could not look at what happened: docker has kept no more" in unknown.words
    assert not unknown.ill
    assert not gap(failed=2, requests=2).ill


def test_the_gap_is_asked_of_the_proxys_log() -> None:
    """From the last look to now, with what began meanwhile; a log that does not reach back is no record."""
    api = container("api", started_at=NOW - timedelta(minutes=2))
    seen, since = snapshot(*stack(api)), NOW - timedelta(minutes=5)
    environment = Environment.model_validate(
        {
            "name": "e",
            "hosts": [{"name": "h", "address": "h"}],
            "proxy": {"service": "nginx"},
            "health": {"settle_s": 0},
        }
    )

    def counted(text: str) -> Missed:
        body = base64.b64encode(text.encode()).decode()
        said = Result(exit_code=0, stdout=f"@hummii requests 0 {body}\n@hummii end 0 \n".encode(), stderr=b"")
        return missed(FakeTransport(lambda _script, _words: said), seen, environment, since)

    found = counted("code 0\nn 40\nfailed 5\n")
    assert (found.requests, found.failed, found.began, found.ill) == (40, 5, ("api",), True)
    cut = counted(f"code 0\nn 4\nfailed 0\nkept {NOW - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}Z\n")
    assert cut.requests is None
    assert "docker has kept the log from" in cut.words
    assert counted("code 1\nsaid no such container\n").why == "no such container"
    assert missed(FakeTransport(lambda *_: Result(exit_code=0, stdout=b"", stderr=b"")), seen, environment, since).why


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
