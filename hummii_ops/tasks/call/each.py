"""The same small change on one host after another: where one says no, those that have it already are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hummii_ops.errors import HummiiError, Mixed
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import LinkLost

_Made = TypeVar("_Made")


def on_each(sites: Sequence[Site], change: Callable[[Site], _Made]) -> list[_Made]:
    """What each change gave. Raises the error of the first host as it is; of a later one Mixed, which names both."""
    made: list[_Made] = []
    for site in sites:
        try:
            made.append(change(site))
        except (HummiiError, LinkLost, KeyboardInterrupt) as error:
            if not made:
                raise
            done = ", ".join(each.host.name for each in sites[: len(made)])
            why = error.what if isinstance(error, HummiiError | LinkLost) else f"interrupted at {site.host.name}"
            rest = ",".join(each.host.name for each in sites[len(made) :])
            remedy = error.remedy if isinstance(error, HummiiError) else ""
            again = f"for the others: the same again with --limit={rest}"
            raise Mixed(f"{why}; it is done on {done}", remedy=f"{remedy}; {again}" if remedy else again) from error
    return made
