"""The steps of the lab's two plans, as they were learned there: what the cases on the lab are made from.

So numbers mean the same on every machine, and cases can be listed without a lab. HUMMII_FAULTS=learn writes it anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PATH = Path(__file__).with_name("known_steps.json")
# Numbers of the cases on the lab begin here; those on small hosts stand below.
FIRST_ROLLBACK, FIRST_DATABASE = 1001, 2001


@dataclass(frozen=True, kw_only=True)
class KnownStep:
    """`acts_s`: how long its act took; None: it held already."""

    list: str
    id: str
    effect: str = ""
    acts_s: float | None = None

    @property
    def acts(self) -> bool:
        return self.acts_s is not None


Known = dict[str, list[KnownStep]]


def known() -> Known:
    """As they were learned."""
    return {task: [KnownStep(**one) for one in steps] for task, steps in json.loads(PATH.read_text()).items()}


def write(found: Known) -> None:
    PATH.write_text(
        json.dumps({task: [asdict(one) for one in steps] for task, steps in found.items()}, indent=1) + "\n"
    )


def names(found: Known) -> dict[str, list[tuple[str, str]]]:
    """Which steps there are; how long they take differs from machine to machine."""
    return {task: [(one.list, one.id) for one in steps] for task, steps in found.items()}
