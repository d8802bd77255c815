"""The hash of a run's journal: what the laptop noted at its end, against what the host has now.

Evidence that nobody rewrote it, not proof: who has the laptop and the host can rewrite both. So it is printed too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

from hummii_ops.facts.archive import digests
from hummii_ops.run import mirror
from hummii_ops.run.entry import Entry

JOURNAL = "journal.jsonl"
NOTED = "journals.json"
_ENDED = frozenset({"done", "restored", "prepared", "refused", "abandoned", "mixed"})
Comparison = Literal["same", "differs", "gone", "not noted"]


def hash_of(folder: Path) -> str | None:
    """Of the journal in a host's folder here."""
    path = folder / JOURNAL
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def note(folder: Path, state: str) -> str | None:
    """Note the hash of what has just come home from this host, if the run has ended there; returns it."""
    found = hash_of(folder) if state in _ENDED else None
    if found is not None:
        known = dict(noted(folder.parent)) | {folder.name: found}
        mirror.write(folder.parent / NOTED, json.dumps(known, indent=1).encode())
    return found


def noted(run_folder: Path) -> Mapping[str, str]:
    """By host; {} where nothing was noted here, or it cannot be read."""
    try:
        known = json.loads((run_folder / NOTED).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(name): str(one) for name, one in known.items()} if isinstance(known, dict) else {}


def on_host(entry: Entry) -> Mapping[str, str]:
    """By run, now."""
    said = entry.call("journals").stdout.decode(errors="replace")
    return {path.split("/")[0]: one for path, one in digests(said).items()}


def compared(noted_here: str | None, there: str | None) -> Comparison:
    """What was noted against what is."""
    if noted_here is None:
        return "not noted"
    if there is None:
        return "gone"
    return "same" if there == noted_here else "differs"
