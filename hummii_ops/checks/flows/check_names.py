"""Are the names in a flow's templates known where they stand? Asked before anything runs, of what is written.

A clean-up may use only what is known before its step begins, and no secret that is not written in the ledger: so it
can be done by another process, after whatever happened to this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.checks.flows.asking import LIVE_KEY
from hummii_ops.checks.flows.names import BUILT_IN, is_secret
from hummii_ops.checks.flows.templates import holes, malformed
from hummii_ops.inventory.problems import Problem, nearest_name, problem_at
from hummii_ops.inventory.written import Items, Place, Step, Table, Text, Written

_FOREIGN = ("secret.", "env.")


def misnamed(root: Table) -> Iterator[Problem]:
    """Every template with a name that is not known there, and every live payment key."""
    known: dict[str, bool] = {name: name == "password" for name in BUILT_IN if name != "attempt"}  # → is it secret
    yield from _vars(root, known)
    known["attempt"] = False
    step_names: dict[str, Place] = {}
    for section in ("setup", "steps"):
        for index, step in _items(root, section):
            at = (section, index)
            yield from _twice(step, at, step_names)
            yield from _cleanup(step, at, known)
            for key, entry in step.entries.items():
                if key not in ("cleanup", "capture"):
                    yield from _unknown(entry.value, (*at, key), set(known))
            yield from _captures(step, at, known)


def _vars(root: Table, known: dict[str, bool]) -> Iterator[Problem]:
    entry = root.entries.get("vars")
    for name, value in entry.value.entries.items() if entry and isinstance(entry.value, Table) else ():
        yield from _unknown(value.value, ("vars", name), set(known))
        used = [hole for _, text in _texts(value.value) for hole in holes(text.text)]
        if name in BUILT_IN:
            yield problem_at(value.key_place, "is a name of ours; choose another", path=("vars", name))
        known[name] = any(is_secret(one) or known.get(one, False) for one in used)


def _captures(step: Table, at: tuple[Step, ...], known: dict[str, bool]) -> Iterator[Problem]:
    entry = step.entries.get("capture")
    for name, capture in entry.value.entries.items() if entry and isinstance(entry.value, Table) else ():
        if name in BUILT_IN:
            yield problem_at(capture.key_place, "is a name of ours; choose another", path=(*at, "capture", name))
        secret = capture.value.entries.get("secret") if isinstance(capture.value, Table) else None
        known[name] = secret is not None and isinstance(secret.value, Text) and secret.value.text.lower() == "true"


def _cleanup(step: Table, at: tuple[Step, ...], known: dict[str, bool]) -> Iterator[Problem]:
    here = {name for name, secret in known.items() if not secret or name == "password"} - {"attempt"}
    for index, one in _items(step, "cleanup"):
        path = (*at, "cleanup", index)
        for key, entry in one.entries.items():
            if key == "capture":
                continue
            yield from _unknown(entry.value, (*path, key), here, why=_WHY_NOT)
        taken = one.entries.get("capture")
        here |= set(taken.value.entries) if taken and isinstance(taken.value, Table) else set()


_WHY_NOT = "a clean-up may use only what is known before its step, and no captured secret: log in again"


def _twice(step: Table, at: tuple[Step, ...], first: dict[str, Place]) -> Iterator[Problem]:
    entry = step.entries.get("name")
    if entry is None or not isinstance(entry.value, Text):
        return
    if (place := first.setdefault(entry.value.text, entry.value.place)) is not entry.value.place:
        message = f"another step has this name, at {place.line}:{place.column}"
        yield problem_at(entry.value.place, message, path=(*at, "name"))


def _unknown(written: Written, path: tuple[Step, ...], known: set[str], *, why: str = "") -> Iterator[Problem]:
    for inner, text in _texts(written, path):
        if LIVE_KEY.search(text.text):
            yield problem_at(text.place, "a live payment key may not stand here", path=inner)
        if malformed(text.text):
            yield problem_at(text.place, "not a template; one is {{name}}", path=inner)
        for name in holes(text.text):
            if name not in known and not name.startswith(_FOREIGN):
                message = f"{{{{{name}}}}} has no value here" + (f"; {why}" if why else "")
                yield problem_at(text.place, message, path=inner, nearest=nearest_name(name, known))


def _texts(written: Written, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Text]]:
    match written:
        case Text():
            yield path, written
        case Items(items=items):
            for index, item in enumerate(items):
                yield from _texts(item, (*path, index))
        case Table(entries=entries):
            for key, entry in entries.items():
                yield from _texts(entry.value, (*path, key))


def _items(table: Table, key: str) -> Iterator[tuple[int, Table]]:
    entry = table.entries.get(key)
    for index, item in enumerate(entry.value.items if entry and isinstance(entry.value, Items) else ()):
        if isinstance(item, Table):
            yield index, item
