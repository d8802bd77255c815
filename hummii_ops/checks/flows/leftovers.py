"""What flows left behind, taken away later: after a kill, a lost link, or a server that was down.

It does so only while no flow runs here: what a running flow has made is not left behind.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hummii_ops.checks.client.http import Caller
from hummii_ops.checks.flows.cleaning import clean, read_steps
from hummii_ops.checks.flows.ledger import Entry, Ledger, mark_of
from hummii_ops.checks.flows.names import Names

_WITHIN_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """One entry of the ledger; `left` says why it is still there, None when it is gone."""

    id: str
    left: str | None


def clean_up(ledger: Ledger, environment: str, urls: Mapping[str, str], secret: Callable[[str], str]) -> list[Cleaned]:
    """Take away what this environment's flows left. `urls` are its hosts' of today. Raises AtWork."""
    if not ledger.file.exists():
        return []
    caller, done = Caller(), []
    with ledger.at_work(alone=True):
        try:
            for entry in ledger.entries():
                if entry.environment == environment:
                    left = _clean(entry, ledger, caller, urls, secret)
                    if left is None:
                        ledger.close(entry.id)
                    done.append(Cleaned(id=entry.id, left=left))
            ledger.tidy()
        finally:
            caller.close()
    return done


def _clean(
    entry: Entry, ledger: Ledger, caller: Caller, urls: Mapping[str, str], secret: Callable[[str], str]
) -> str | None:
    steps = read_steps(entry.steps)
    if steps is None:
        return "its clean-up cannot be understood: the ledger is of another version"
    key = ledger.kept_key()
    if _needs_password(entry) and (key is None or entry.key not in ("", mark_of(key))):
        # A password of another key is refused at log-in, which must not be taken for "the account is gone".
        by_hand = f"or remove {_made(entry)} by hand"
        return f"the key of its password is not here: fab flows.clean where it was made, {by_hand}"
    names = Names(entry.run_id, key=key or b"", secret=secret, env=os.environ)
    for name, value in entry.names.items():
        names.keep(name, value)
    base, deadline = urls.get(entry.host, entry.url), time.monotonic() + _WITHIN_S
    return clean(steps, names, caller, base=base, deadline=deadline, may_be_gone=True)


def _needs_password(entry: Entry) -> bool:
    return re.search(r"\{\{\s*password\s*\}\}", json.dumps(entry.steps)) is not None


def _made(entry: Entry) -> str:
    """What a person looks for: the flow's own names for it."""
    return ", ".join(str(value) for name, value in entry.names.items() if name != "attempt") or entry.run_id
