"""How long each look takes, kept and told as it ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from hummii_ops.tasks.health.look_times import LookTimes


def test_each_look_is_told_as_it_ends() -> None:
    """The quick one before the slow one is over; what each gives comes through, also an error."""
    heard: list[str] = []
    quick_is_told = Event()

    def hear(name: str, _elapsed_s: float) -> None:
        heard.append(name)
        quick_is_told.set()

    times = LookTimes(hear=hear)

    def broken() -> None:
        raise ValueError("gone")

    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(times.timed, "flows", lambda: quick_is_told.wait(10))
        quick = threads.submit(times.timed, "logs", lambda: 7)
        assert (slow.result(), quick.result()) == (True, 7)
    with pytest.raises(ValueError, match="gone"):
        times.timed("outside", broken)
    assert heard == ["logs", "flows", "outside"]
    assert set(times.elapsed_s) == {"logs", "flows", "outside"}
    assert all(0 <= one < 10 for one in times.elapsed_s.values())
