"""The words for each thing that is told, by audience, and what each audience may learn.

The line is drawn here, not in the wordings: a fact that an audience may not learn is not there to be named.
"""

from __future__ import annotations

from collections.abc import Mapping

from hummii_ops.inventory.channels import Audience
from hummii_ops.telling.outbox import NoteKind

_OPEN = ("service", "text", "at")
_INSIDE = (*_OPEN, "environment", "task", "from", "to", "who", "reason", "result", "outage", "run")
FACTS: Mapping[Audience, tuple[str, ...]] = {
    "public": _OPEN,
    "stakeholders": _INSIDE,
    "team": (*_INSIDE, "hosts", "step", "next"),
}

_TEAM: Mapping[NoteKind, str] = {
    "planned": "$task planned: $from → $to ($environment)\nBy $who: $reason\nOn $hosts. Run $run.",
    "started": "$task has begun: $from → $to ($environment)\nBy $who: $reason\nOn $hosts. Run $run.",
    "step": "$task: $step ($environment)\n$from → $to on $hosts. Run $run.",
    "prepared": "$task: all is prepared; what is served is as before ($environment)\n$result\n$next\nRun $run.",
    "verifying": "$task is being verified: $to ($environment)\n$result\n$next\nRun $run.",
    "succeeded": "$task succeeded: $to runs ($environment)\n$result\nOutage: $outage\n$next\nRun $run.",
    "failed": "$task failed ($environment)\n$result\n$next\nRun $run.",
    "restored": "$task did not stay; $from is back, proven ($environment)\n$result\nOutage: $outage\n$next\nRun $run.",
    "needs-person": "A person is needed: $task ($environment)\n$result\n$next\nRun $run.",
    "monitoring-ok": "Watched, and well: $to ($environment)\n$text\nRun $run.",
    "regressed": "It is ill again: $to ($environment)\n$text\nRun $run.",
    "announced": "From $who ($environment)\n$text",
}
_STAKEHOLDERS: Mapping[NoteKind, str] = {
    "planned": "$service: going back from $from to $to is planned\nReason: $reason",
    "started": "$service: going back from $from to $to\nReason: $reason\nWe tell you how it ends.",
    "prepared": "$service: going back from $from to $to is prepared; nothing has changed yet",
    "verifying": "$service: back on $to, being verified\n$result",
    "succeeded": "$service: $to runs again\nOutage: $outage\nWe go on watching it.",
    "failed": "$service: going back to $to did not work\n$result",
    "restored": "$service: going back to $to did not stay; $from runs as before\nOutage: $outage",
    "needs-person": "$service: a person is needed, and was called\n$result\nWe tell you how it ends.",
    "monitoring-ok": "$service: stable on $to\n$text",
    "regressed": "$service: trouble again; people are at work on it\n$text",
    "announced": "$service: a note from $who\n$text",
}
_PUBLIC: Mapping[NoteKind, str] = {
    "started": "$service: we are working on a problem\nWe know the cause and are putting it right. ($at)",
    "succeeded": "$service: a fix is in place\nWe are watching it. ($at)",
    "failed": "$service: we are still working on a problem\nOur first fix did not help. ($at)",
    "restored": "$service: we are still working on a problem\nWe have taken our first fix back. ($at)",
    "needs-person": "$service: we are still working on a problem\nPeople are at work on it. ($at)",
    "watching": "$service: we are still watching\n$text ($at)",
    "monitoring-ok": "$service: the problem is solved\nEverything works as it should. ($at)",
    "regressed": "$service: the problem is back\nWe are working on it. ($at)",
    "announced": "$service\n$text",
}
WORDINGS: Mapping[Audience, Mapping[NoteKind, str]] = {
    "team": _TEAM,
    "stakeholders": _STAKEHOLDERS,
    "public": _PUBLIC,
}
