"""Every message as the audiences of the channels would read it, with example facts. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hummii_ops.inventory.channels import Notify
from hummii_ops.telling.outbox import KINDS, Note
from hummii_ops.telling.templates import message


def previews(notify: Notify, facts: Mapping[str, str]) -> list[dict[str, str]]:
    """kind, audience, title and text of each."""
    found = []
    for audience in dict.fromkeys(channel.audience for channel in notify.channels):
        for kind in KINDS:
            note = Note(id="example.1", run_id="example", kind=kind, at=datetime.now(UTC), facts=facts)
            said = message(note, audience, service=notify.service, folder=notify.templates)
            if said is not None:
                found.append({"kind": kind, "audience": audience, "title": said.title, "text": said.text})
    return found
