"""fab diagnose as an operator reads it: the answer, why, the next command, every row, and what was not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random

from rich.console import Console

from hummii_ops.checks.would_help import Evidence, Failures, HealthSeen, Previous, Series, ServiceState, advise
from hummii_ops.tasks.health.diagnose import _show, host_json, overall

NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
SAMPLE = Path(__file__).resolve().parents[1] / "documents" / "diagnose.json"


def times(median: float, seed: int) -> tuple[float, ...]:
    chance = Random(seed)
    return tuple(round(median * chance.lognormvariate(0, 0.2), 3) for _ in range(60))


SEEN = Evidence(
    now=NOW,
    version="1.3",
    began_at=NOW - timedelta(minutes=20),
    services=(ServiceState(name="api", replicas=1, up=1),),
    health=HealthSeen(ok=True, said="HTTP 200"),
    previous=Previous(version="1.0", healthy=True),
    metrics=(
        Series(name="requests.time", unit="ms", before=times(90, 1), after=times(2100, 2), limit=1000),
        Failures(name="requests.errors", before=(0, 400), after=(1, 380), limit=0.01),
    ),
    absent=frozenset({"dependencies"}),
)


def page(seen: Evidence) -> str:
    out = StringIO()
    _show(Console(file=out, width=200, highlight=False), "production · prod-1", seen, advise(seen))
    return out.getvalue()


def test_the_page_ends_with_the_answer_and_the_next_command() -> None:
    """What runs since when, thirteen rows in numbers, what was not looked at; then yes, no or unknown, and why."""
    text = page(SEEN)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "production · prod-1 runs 1.3 for 20 min"
    assert "requests.time worse: 9" in text
    assert "not looked at: load, host, database, migrations, onset, other changes" in text
    assert "would a rollback help? unknown:" in text
    assert "(not-explained)" in text
    assert lines[-1] == "next: fab rollback --latest --dry-run"
    assert [line.split()[1] for line in lines if line[:1] in "·→+" and line] == [
        str(one) for one in (2, 1, *range(3, 14))
    ]


def test_a_row_that_matches_too_is_named() -> None:
    """The first decides; the database that is down as well is not kept quiet."""
    down = ServiceState(name="nginx", replicas=1, up=0, changed=False)
    base = ServiceState(name="postgres", replicas=1, up=0, changed=False)
    text = page(replace(SEEN, services=(*(SEEN.services or ()), down, base), database_service="postgres"))
    assert "would a rollback help? no: postgres is not up" in text
    assert "row 7 matches too: nginx is not up" in text


def test_what_fails_for_customers_comes_first() -> None:
    """Whatever else is not known: before the table, in the reason and in the document; and what may end it is next."""
    order = "flow.order: create-order: 6 of 20 failed: status 500"
    seen = replace(
        SEEN, metrics=(Failures(name="flow.order", after=(1, 20), limit=0.0, required=False),), failing=(order,)
    )
    lines = [line.strip() for line in page(seen).splitlines()]
    assert lines[1] == f"fails now: {order}"
    assert lines[-2].startswith(f"would a rollback help? unknown: {order}. Whether a rollback helps: ")
    assert lines[-1] == "next: fab critical-bug"
    assert host_json("prod-1", seen, advise(seen))["failing"] == [order]


def test_text_from_a_server_moves_no_cursor() -> None:
    """Whatever a health answer says, the terminal stays as it is."""
    assert "\x1b" not in page(replace(SEEN, health=HealthSeen(ok=False, said="\x1b[2Jboo")))


def test_of_several_hosts_one_yes_is_enough() -> None:
    """no only if it helps nowhere."""
    assert overall(["no", "unknown", "yes"]) == "yes"
    assert overall(["no", "unknown"]) == "unknown"
    assert overall(["no", "no"]) == "no"


def test_the_sample_document_is_what_is_printed() -> None:
    """tests/unit/documents/diagnose.json, which is held against the schema."""
    host = host_json("prod-1", SEEN, advise(SEEN))
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert sample["hosts"] == [json.loads(json.dumps(host))]


def test_nothing_of_it_is_loaded_before_it_is_asked() -> None:
    """`fab rollback` at night starts without statistics."""
    code = "import sys, fabfile; print([m for m in sys.modules if m.split('.')[-1] in ('statistics', 'would_help')])"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
