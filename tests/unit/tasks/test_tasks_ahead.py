"""Work that is begun before its result is needed."""

from __future__ import annotations

from threading import Event, Semaphore

import pytest

from hummii_ops.errors import Unreachable
from hummii_ops.tasks.call.ahead import Ahead


def test_it_is_at_work_before_anybody_asks() -> None:
    begun = Event()
    ahead = Ahead(lambda: begun.set() or "seen")
    assert begun.wait(5)
    assert ahead.take() == "seen"


def test_many_are_not_all_at_work_at_once() -> None:
    """Fifty hosts are read eight at a time, and each is read."""
    held, at_work = Event(), Semaphore(0)

    def work() -> str:
        at_work.release()
        held.wait(30)
        return "seen"

    begun = [Ahead(work) for _ in range(20)]
    for _ in range(8):
        assert at_work.acquire(timeout=5)
    assert not at_work.acquire(timeout=0.2)
    held.set()
    assert [one.take() for one in begun] == ["seen"] * 20


def test_a_result_is_given_once_since_it_grows_old() -> None:
    ahead = Ahead(lambda: "seen")
    assert [ahead.take(), ahead.take()] == ["seen", None]


def test_its_error_is_raised_where_it_is_asked_for() -> None:
    def lose() -> str:
        raise Unreachable("the link was lost")

    with pytest.raises(Unreachable, match="the link was lost"):
        Ahead(lose).take()
