"""The benchmark's own arithmetic: what it calls an outage, a gap and a wrong answer."""

from __future__ import annotations

import pytest

from bench import load_hosts
from bench.clients import Read, longest_gap
from bench.load import tables as load_tables
from bench.poller import Sample, outage, samples
from bench.swap import wrong_answers
from bench.swap_figures import InPlace, Round, Sized, tables
from bench.verify import figures_of, table

A_ROUND = Round(
    requests=100,
    failed=0,
    wrong=0,
    outage_s=3.0,
    gap_s=0.05,
    undo_outage_s=2.5,
    undo_gap_s=0.04,
    decode_s=2.0,
    steps={
        "database-is-free": 0.4,
        "dump-database": 9.0,
        "restore-side": 10.0,
        "validate-side": 1.5,
    },
    bares_s=(6.0, 8.0),
    own_start_s=1.0,
)


def reads(*pairs: tuple[float, int]) -> list[Read]:
    return [Read(at, newest) for at, newest in pairs]


def test_an_outage_is_the_time_from_a_bad_sample_to_the_next() -> None:
    """Two bad samples in a row count until the good one; one that ends the file cannot be measured."""
    seen = samples("1.0 1 a\n1.5 0 -\n2.0 0 -\n4.0 1 a\n5.0 0 -\n")
    assert outage(seen) == pytest.approx(2.5)
    assert outage(seen[:1]) == 0


def test_a_gap_is_the_longest_time_without_an_answer_in_the_window() -> None:
    """A gap that begins before the window, or ends after it, counts whole; one elsewhere does not count."""
    seen = reads((0, 1), (5, 1), (5.1, 1), (7, 2), (7.1, 2), (20, 2))
    assert longest_gap(seen, 5.05, 7.05) == pytest.approx(1.9)
    assert longest_gap(seen, 5.05, 8) == pytest.approx(12.9)
    assert longest_gap([], 0, 1) == 0


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        (["now", "now", "then"], 0),
        (["now", "then", "now"], 1),
        (["now", "half", "then"], 2),  # itself, and the second turn
        (["now", "now"], 1),  # the exchange was never seen
    ],
)
def test_one_turn_from_the_one_answer_to_the_other_is_right(answers: list[str], wrong: int) -> None:
    """Anything else is wrong: another answer, a turn back, or none at all. Failed requests are no answers."""
    asked = [Sample(float(at), True, answer) for at, answer in enumerate(answers)]
    asked.insert(1, Sample(0.5, False, "error"))
    assert wrong_answers(asked, ("now", "then")) == wrong


def test_work_is_decoding_restoring_and_validating() -> None:
    """As the aim says: the safety dump, and the small steps around, stand apart."""
    assert A_ROUND.work_s == pytest.approx(13.5)
    assert A_ROUND.times_bare == pytest.approx(13.5 / 7)
    assert A_ROUND.dump_s == 9.0
    assert A_ROUND.other_s == pytest.approx(0.4)


def test_the_tables_say_what_was_measured_beside_the_aim() -> None:
    """Each database has a row in each table; only one that was attacked stands in the last."""
    small = Sized(
        size_mib=10, rounds=[A_ROUND], in_place=InPlace(wall_s=1, gap_s=1), hostile_gaps_s=[], hostile_wrong=0
    )
    large = Sized(
        size_mib=1024,
        rounds=[A_ROUND],
        in_place=InPlace(wall_s=21, gap_s=20),
        hostile_gaps_s=[0.1, 0.3],
        hostile_wrong=0,
    )
    text = tables([small, large])
    assert "| 10 MiB | 0 of 100 | 0 | 3.00 (3.00) | 1.00 | 2.00 | 50 (50) | 1.50 | 40 |" in text
    assert "| 1024 MiB | 2.00 | 10.00 | 1.50 | 13.50 | 7.00 | 1.93 | 0.40 | 9.00 |" in text
    assert "| 1024 MiB | 20.00 | 0.050 | 400 |" in text
    assert "| 1024 MiB | 2 | 200 | 300 | 0 |" in text
    assert "smallest: 1.00 × (aim 1.5)" in text
    assert text.count("| 10 MiB |") == 3


def test_verify_is_held_against_its_slowest_look() -> None:
    """The two reads are not its slowest look, whatever they cost; the ratio is of each round."""
    rounds = [
        {"wall_s": 6.0, "looks_s": {"first read": 9.0, "flows": 5.0, "performance": 4.0}},
        {"wall_s": 9.0, "looks_s": {"first read": 1.0, "flows": 5.0, "performance": 6.0}},
    ]
    found = figures_of(rounds)
    assert (found["ratio"], found["slowest_look_s"]) == ({"median": 1.35, "worst": 1.5}, 5.5)
    assert "| against its slowest look (aim: 1.2) | 1.35 × | 1.5 × |" in table(found)


def test_what_did_not_end_well_has_no_figure() -> None:
    """A command that failed under its load is not left out, and not taken for a quick one."""
    good = {"wall_s": 1.5, "worst_s": 2.0, "cpu_s": 0.4, "memory_mib": 60, "failed": ""}
    loads = {"many backups": {"fab status": good, "fab releases": {"failed": "ended with 3"}}}
    said = load_tables({"rounds": 5, "load_average": 0.1, "loads": loads})
    assert "| many backups: fab status | 1.50 (2.00) | 0.40 | 60 |" in said
    assert "| many backups: fab releases | did not end well | - | - |" in said


def test_many_hosts_are_one_many_times() -> None:
    """Each has a name and a port of its own; all else is as the one's."""
    one = '  - {name: lab-1, address: 127.0.0.1, port: 41, user: deploy, url: "http://127.0.0.1:42"}'
    made = load_hosts.multiplied(f"hosts:\n{one}\nproject: hummii\n", "10.0.0.2", range(3001, 3003))
    rest = 'user: deploy, url: "http://127.0.0.1:42"}'
    lines = [f"  - {{name: prod-{port}, address: 10.0.0.2, port: {port}, {rest}" for port in (3001, 3002)]
    assert made.splitlines() == ["hosts:", *lines, "project: hummii"]
