"""Makes the words of a message: our wording or the user's own, with the facts that its audience may learn.

What a person or a server wrote is escaped by the channel's own rule; a wording is not. One that cannot be filled is
found by `config.check`; if it comes to be used all the same, ours is used instead: nobody waits for it at night.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from hummii_ops.inventory.channels import Audience
from hummii_ops.telling.outbox import KINDS, Note
from hummii_ops.telling.wordings import FACTS, WORDINGS

Escape = Callable[[str], str]
_LONGEST_WORDING = 10_000


@dataclass(frozen=True, kw_only=True)
class Message:
    """The first line, and the rest."""

    title: str
    text: str


def plain(text: str) -> str:
    """For channels that know no markup."""
    return text


def message(
    note: Note, audience: Audience, *, service: str, folder: Path | None = None, escape: Escape = plain
) -> Message | None:
    """What is told to this audience; None where it is not told of such a thing."""
    facts = {"service": service, "at": f"{note.at:%Y-%m-%d %H:%M} UTC", "run": note.run_id} | dict(note.facts)
    known = {name: escape(facts.get(name, "")) for name in FACTS[audience]}
    ours = WORDINGS[audience].get(note.kind)
    try:
        return _filled(_own(folder, f"{note.kind}.{audience}.txt") or ours, known)
    except (OSError, ValueError, KeyError):
        return _filled(ours, known)


def broken(folder: Path | None) -> Sequence[str]:
    """What is wrong with the user's own wordings, a sentence for each."""
    if folder is None:
        return ()
    if not folder.is_dir():
        return (f"the folder of wordings does not exist: {folder}",)
    return tuple(said for path in sorted(folder.iterdir()) if path.suffix == ".txt" and (said := _wrong(path)))


def _wrong(path: Path) -> str:
    kind, _, audience = path.stem.rpartition(".")
    known = next((FACTS[one] for one in FACTS if one == audience), None)
    if kind not in KINDS or known is None:
        return f"{path.name}: no such wording; it is KIND.AUDIENCE.txt, KIND one of {', '.join(KINDS)}"
    try:
        _filled(_own(path.parent, path.name), dict.fromkeys(known, ""))
    except KeyError as error:
        return f"{path.name}: {audience} may not learn, or there is no, ${error.args[0]}; it knows ${', $'.join(known)}"
    except (OSError, ValueError) as error:
        return f"{path.name}: {error}"
    return ""


def _own(folder: Path | None, name: str) -> str:
    path = folder / name if folder is not None else None
    if path is None or not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8").strip()
    if not text or len(text) > _LONGEST_WORDING:
        raise ValueError("is empty, or too long")
    return text


def _filled(wording: str | None, facts: Mapping[str, str]) -> Message | None:
    if not wording:
        return None
    lines = Template(wording).substitute(facts).split("\n")
    return Message(title=lines[0].strip(), text="\n".join(line for line in lines[1:] if line.strip()))
