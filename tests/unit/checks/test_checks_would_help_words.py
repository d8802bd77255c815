"""What the table says beside its answer: the first row, the rest, numbers, and what was not looked at."""

from __future__ import annotations

from dataclasses import replace

from known_evidence import BLOCKED, BUSY, NEW_QUERY, SLOW, confirmed, down, said, series, service

from hummii_ops.checks.would_help import Evidence, advise
from hummii_ops.checks.would_help.advice import ORDER


def test_the_first_row_wins_and_the_dead_api_is_asked_first() -> None:
    """Row 2 before row 1, then in order of their numbers; later ones that match too are kept."""
    assert [row(Evidence()).number for row in ORDER] == [2, 1, *range(3, 14)]
    everything = confirmed(host=BUSY, database=BLOCKED, dependencies=(SLOW,))
    found = advise(everything)
    assert found.row == 4
    assert [one.number for one in found.also] == [5, 7]
    assert said(replace(everything, services=(service(looping=True),)))[2] == 2
    assert said(replace(everything, metrics=None))[2] == 1


def test_what_no_row_explains_is_unknown_with_what_was_not_looked_at() -> None:
    """Worse since the release, and nobody looked at the host: no yes."""
    found = advise(confirmed(host=None))
    assert (found.helps, found.code, found.row) == ("unknown", "not-explained", None)
    assert "not looked at: host" in found.because


def test_nothing_worse_is_a_plain_no() -> None:
    """Everything as before and within its limits."""
    assert said(confirmed(metrics=(series(after=100),))) == ("no", "not-degraded", None)


def test_too_little_of_before_is_not_waited_for() -> None:
    """No time brings it back: what would have kept it is named, and the limits judge alone. Too little of now is."""
    before = advise(confirmed(metrics=(replace(series(), before=()),)))
    assert (before.next_command, "fab snapshot" in before.because) == ("fab verify", True)
    now = advise(confirmed(metrics=(series(n=20),)))
    assert (now.next_command, "10 samples are missing" in now.because) == ("fab diagnose", True)


def test_evidence_is_in_numbers() -> None:
    """Each row says what it saw: n, medians, times, percents."""
    rows = {one.number: one.evidence for one in advise(confirmed(host=BUSY, database=NEW_QUERY)).rows}
    assert "1 of 1 metrics have enough samples" in rows[1]
    assert "the release before, 1.0, is proven good" in rows[2]
    assert "load 10 → 10 requests/s; each 5 → 15 ms of CPU" in rows[3]
    assert "CPU some 80 %" in rows[4]
    assert "api 10 → 10 %" in rows[4]
    assert "new statements take 90% of the time SELECT … FROM orders" in rows[6]
    assert "payments 80 ms → 82 ms" in rows[7]
    assert "it became worse 2 min after the release began, with it" in rows[9]
    assert "n 60 and 60" in rows[10]


def test_advice_never_says_yes_to_code_that_the_schema_forbids_without_saying_so() -> None:
    """Where migrations are unsafe, the command is a dry run, and where they are not known, that is said."""
    for seen in (down(), confirmed(), confirmed(database=NEW_QUERY)):
        unsafe = advise(replace(seen, migrations="unsafe"))
        assert (unsafe.row, unsafe.next_command) == (8, "fab rollback --latest --dry-run")
        assert "schema is not known" in advise(replace(seen, migrations="unknown")).because
        assert "schema" not in advise(seen).because
