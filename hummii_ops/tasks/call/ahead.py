"""Work that is begun before its result is needed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")

# Of 50 hosts read at once over a thin line each would be too slow for its limit; these are done one after the other.
_MOST_AT_ONCE = 8
_SLOTS = BoundedSemaphore(_MOST_AT_ONCE)


class Ahead(Generic[_T]):
    """`work`, begun now, or when one of the eight that are at work has ended.

    Nobody waits for it at the end of the process: it may only read.
    """

    def __init__(self, work: Callable[[], _T]) -> None:
        self._result: Future[_T] | None = Future()
        Thread(target=_run, args=(work, self._result), name="ahead", daemon=True).start()

    def take(self) -> _T | None:
        """What it returned or raised, once: it is as old as its beginning. None from the second time on."""
        result, self._result = self._result, None
        return result.result() if result is not None else None


def _run(work: Callable[[], _T], result: Future[_T]) -> None:
    with _SLOTS:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)
