"""The exchange of two databases, as a value: which run prepared it, which one is served by it, who writes.

It gives the steps there and the steps back, so that a rollback, its way back, its undo and the undo of that are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hummii_ops.steps import Step, exchange
from hummii_ops.steps.exchange import Which
from hummii_ops.steps.side import Served


@dataclass(frozen=True, kw_only=True)
class Swap:
    """`prepared` is the id of the run that restored beside; `serves`: its database ("side"), or the one from before.

    `writers` are stopped meanwhile. `cache`: the service that forgets, None: none; `prefixes`: only such keys.
    """

    prepared: str
    serves: Which
    served: Served
    writers: tuple[str, ...]
    cache: str | None = None
    prefixes: tuple[str, ...] = ()

    def reversed(self) -> Swap:
        """The exchange that takes this one back."""
        return replace(self, serves="live" if self.serves == "side" else "side")

    def there(self) -> Iterator[Step]:
        """The steps that bring it about; the writers are started by what comes after."""
        yield exchange.writers_stopped(self.served, self.prepared, self.serves, self.writers)
        yield exchange.serves(self.served, self.prepared, self.serves)
        if self.cache is not None:
            yield exchange.cache_cleared(self.served.project, self.cache, self.prefixes)

    def back(self) -> Iterator[Step]:
        """The steps that take it back, from wherever it stands."""
        other = self.reversed().serves
        yield exchange.writers_stopped(self.served, self.prepared, other, self.writers, back=True)
        yield exchange.serves(self.served, self.prepared, other, back=True)
        if self.cache is not None:
            yield exchange.cache_cleared(self.served.project, self.cache, self.prefixes, back=True)

    def as_json(self) -> dict[str, Any]:
        """For plan.json."""
        return vars(self) | {
            "served": vars(self.served),
            "writers": list(self.writers),
            "prefixes": list(self.prefixes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Swap:
        """The value that `as_json` wrote."""
        return cls(
            prepared=value["prepared"],
            serves=value["serves"],
            served=Served(**value["served"]),
            writers=tuple(value["writers"]),
            cache=value["cache"],
            prefixes=tuple(value["prefixes"]),
        )
