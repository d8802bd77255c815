"""What is counted by a Prometheus: as many times as there were requests, and never a part of its answers."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from statistics import mean, median
from urllib.parse import parse_qs, urlsplit

import pytest

from hummii_ops.checks.requests.prometheus_counts import count, shares
from hummii_ops.checks.requests.user_requests import Requests, Window
from hummii_ops.inventory.limits import Prometheus
from hummii_ops.transport import FakeTransport, Result

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = Prometheus(url="http://127.0.0.1:9090", asked_from="host")


def success(kind: str, result: dict[str, object]) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": [result]}})


def counted(n: int, minutes: int, *, silent: str = "") -> Requests:
    """`n` requests in so many minutes, evenly from 0 to 1000 ms; `silent`: a share that is not answered."""

    def answered(url: str) -> tuple[int, str]:
        asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        share = re.search(r"histogram_quantile\(([0-9.]+)", asked["query"])
        if share is None:
            value = "0" if "5.." in asked["query"] else str(n)
            return 0, json.dumps(
                {"status": "success", "data": {"resultType": "vector", "result": [{"value": [0, value]}]}}
            )
        if share[1] == silent:
            return 28, "timed out"
        steps = int((float(asked["end"]) - float(asked["start"])) / float(asked["step"]) + 1.001)
        values = [[one, str(1000 * float(share[1]))] for one in range(steps)]
        return 0, success("matrix", {"values": values})

    def answer(_script: str, args: tuple[str, ...]) -> Result:
        lines = [
            f"@hummii answer {code} {b64encode(text.encode()).decode()}\n" for code, text in map(answered, args[1:])
        ]
        return Result(exit_code=0, stdout="".join([*lines, "@hummii end 0 \n"]).encode(), stderr=b"")

    window = Window(containers=(), since=NOW - timedelta(minutes=minutes), until=NOW)
    found = count(FakeTransport(answer), SERVER, window)
    assert found is not None
    return found


@pytest.mark.parametrize("minutes", [30, 60])
@pytest.mark.parametrize("n", [*range(7, 130, 6), 400, 5000])
def test_few_requests_have_the_middle_of_many(n: int, minutes: int) -> None:
    """Whatever their number: never more than there were, and neither the slow nor the quick ones alone."""
    samples = counted(n, minutes).samples
    assert 0 < len(samples) <= n
    assert (mean(samples), median(samples)) == (pytest.approx(500, abs=1), pytest.approx(500, abs=60))


def test_times_do_not_rise_within_a_step() -> None:
    """Ten in rising order, again and again, would look like growing slow."""
    assert list(shares(10)) != sorted(shares(10))
    assert sorted(shares(4)) == [0.125, 0.375, 0.625, 0.875]


def test_one_question_without_an_answer_is_none_at_all() -> None:
    """The slow half of the times alone would call a well release slow."""
    found = counted(1000, 30, silent="0.05")
    assert (found.samples, found.trouble) == ((), "no answer: timed out")
