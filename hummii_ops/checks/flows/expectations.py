"""Is an answer what a step expects? Pure. Says the first thing that is wrong, in a few words, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hummii_ops.checks.client.timing import Timing
from hummii_ops.checks.flows import queries
from hummii_ops.checks.flows.parts import Capture, Expect, Predicate
from hummii_ops.checks.flows.templates import fill
from hummii_ops.checks.mask import shown

Lookup = Callable[[str], Any]
_LONGEST_MATCHED = 10_000  # a regular expression of a tired person must not take a minute


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: of a request, an acknowledgement, or an event. `value`: its JSON, None if it has none."""

    value: Any
    text: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timing: Timing = field(default_factory=Timing)


def wrong(answer: Answer, expect: Expect, lookup: Lookup) -> str | None:
    """What is wrong with the answer; None if nothing is. Without a wish for the status, 2xx is expected."""
    if answer.status is not None:
        wanted = expect.status or tuple(range(200, 300))
        if answer.status not in wanted:
            return f"HTTP {answer.status}, not {' or '.join(map(str, expect.status or ('2xx',)))}"
    for name, predicate in expect.headers.items():
        if said := off(predicate, answer.headers.get(name.lower()), lookup):
            return f"header {name} {said}"
    if said := mismatch(expect.json_at, answer.value, lookup):
        return said
    if expect.body_contains is not None and str(fill(expect.body_contains, lookup)) not in answer.text:
        return "the body does not hold what it should"
    if expect.max_ms is not None and answer.timing.total_ms > expect.max_ms:
        return f"took {answer.timing.total_ms} ms, more than {expect.max_ms:g}"
    return None


def mismatch(wanted: Mapping[str, Predicate], value: Any, lookup: Lookup) -> str | None:
    """What a JSON value lacks of what is wanted; None if nothing."""
    for query, predicate in wanted.items():
        if said := off(predicate, queries.find(query, value), lookup):
            return f"{query} {said}"
    return None


def off(predicate: Predicate, value: Any, lookup: Lookup) -> str | None:
    """What of the predicate does not hold for the value."""
    wish = {key: fill(getattr(predicate, key), lookup) for key in sorted(predicate.model_fields_set)}
    for key, wanted in wish.items():
        if not _holds(key, wanted, value):
            return f"is {_short(value)}, {_WORDS[key].format(_short(wanted))}"
    return None


_WORDS = {
    "equals": "not {}",
    "differs": "and should not be",
    "contains": "which does not contain {}",
    "matches": "which does not match",
    "present": "wanted present: {}",
    "more_than": "not more than {}",
    "less_than": "not less than {}",
}


def _holds(key: str, wanted: Any, value: Any) -> bool:
    match key:
        case "equals":
            return _same(value, wanted)
        case "differs":
            return not _same(value, wanted)
        case "contains":
            if isinstance(value, str):
                return str(wanted) in value
            return isinstance(value, list | dict) and any(_same(one, wanted) for one in value)
        case "matches":
            return isinstance(value, str) and re.search(wanted, value[:_LONGEST_MATCHED]) is not None
        case "present":
            return bool((value is not None) == wanted)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return bool(value > wanted) if key == "more_than" else bool(value < wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Equal, and a truth is no number, as in JSON."""
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _short(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False, default=str), most=60)


def captured(capture: Capture, answer: Answer) -> Any:
    """The value that a capture takes; None if it is not there."""
    match capture.source:
        case "json":
            return queries.find(capture.query or "@", answer.value)
        case "header":
            return answer.headers.get((capture.query or "").lower())
        case "status":
            return answer.status
