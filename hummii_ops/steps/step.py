"""A Step as data: two verbs of the host with their arguments. Never shell text."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any


class Effect(StrEnum):
    """How much a step does, and so what its failure means.

    Until the first CHANGES or REPLACES has begun, a failure is a refusal; after it, the run goes back.
    """

    READS = "reads"  # looks and waits; never repeated when it fails
    PREPARES = "prepares"  # adds something beside; what runs is not touched
    CHANGES = "changes"  # changes the stack
    REPLACES = "replaces"  # replaces data
    RECORDS = "records"  # writes our own notes; a failure is said and changes nothing


_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST = 63
# Names whose plain form stands for something else: steps of their own, and the two files that everybody knows.
_TAKEN = frozenset({"images", "services", "the-ill", "back", "compose", "env"})


def step_id(prefix: str, name: str, *, known_as: str | None = None) -> str:
    """The id of a step about a service or a file: `prefix`-`name`, in the letters that an id may have.

    A name that is not whole in them, or too long, gets 4 hex digits of its own sha256, so that two names never
    share an id. `known_as` is the short form of a file that has one. The server's door has the same rule.
    """
    if known_as or name == ".env":
        return f"{prefix}-{known_as or 'env'}"
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    whole = f"{prefix}-{plain}"
    if plain == name and len(whole) <= _LONGEST and plain not in _TAKEN and not plain.startswith("back-"):
        return whole
    return f"{whole[: _LONGEST - 5].rstrip('-')}-{sha256(name.encode()).hexdigest()[:4]}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """`holds` and `act` name a verb and its arguments; `limit_s` bounds each of them, in whole seconds.

    `id` lives in journals and never changes; `title` is what the operator reads. Raises ValueError for an id or
    an argument that could not stand in a step file.
    """

    id: str
    title: str
    effect: Effect
    limit_s: int
    holds: tuple[str, ...]
    act: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"not a step id: {self.id!r}")
        if not isinstance(self.limit_s, int):
            raise ValueError(f"step {self.id}: its limit is not a number of seconds: {self.limit_s!r}")
        for word in (*self.holds, *self.act):
            if any(ord(char) < 32 or ord(char) == 127 for char in word):
                raise ValueError(f"step {self.id}: a control character in {word!r}")

    def as_json(self) -> dict[str, Any]:
        """The step as plan.json keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Step:
        """The step that `as_json` wrote."""
        return cls(
            id=value["id"],
            title=value["title"],
            effect=Effect(value["effect"]),
            limit_s=value["limit_s"],
            holds=tuple(value["holds"]),
            act=tuple(value["act"]),
        )
