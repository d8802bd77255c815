"""What a record says first: the verdict as a sentence, the figures, and which blanks only people can fill.

Facts only: what nobody saw is a blank, a cause is never named by a program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hummii_ops.telling.report.messages import overall
from hummii_ops.telling.report.wording import clock, day, seconds

SENTENCES = {
    "pass": "{task} from {left} to {to} is done, and proven",
    "degraded": "{task} from {left} to {to} is done, but not all of it is proven or confirmed",
    "restored": "{task} from {left} to {to} did not hold; {left} is back, and proven",
    "refused": "{task} from {left} to {to} was refused or given up; nothing is changed",
    "mixed": "{task} from {left} to {to} ended mixed: a way back failed, or the hosts differ; a person was needed",
    "unfinished": "{task} from {left} to {to} has not ended: it was interrupted, or is still at work",
    "unknown": "{task} from {left} to {to}: what became of it is not known on this machine",
}

# What a machine cannot know, as questions that ask how, never who.
BLANKS = (
    ("Impact", "Who was affected, how, and how many? Orders or messages lost?"),
    ("Detection", "How did we notice? What could have told us sooner?"),
    ("Contributing factors", "What made it possible, and what made it worse? There is seldom one cause."),
    ("What went well", ""),
    ("What was hard", "What was missing, slow or unclear for those who acted?"),
    ("Where we were lucky", ""),
)
BLAMELESS = "Everyone acted on what they knew at the time. This page asks how things came about, never who is to blame."


def sentence(report: Mapping[str, Any]) -> str:
    """The verdict, in one sentence."""
    words = SENTENCES[report["verdict"]]
    return words.format(task=report["task"], left=report["from"]["version"], to=report["to"]["version"])


def figures(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known, by name; what is not says so."""
    spans, moments = report["durations"], report["moments"]
    yield "When", f"{day(_any_time(moments))}, {clock(moments['asked_at'])} to {clock(moments['ended_at'])} UTC"
    yield "Outage during the run", _outage(report)
    yield "From the request to the end", seconds(spans["total_s"])
    yield "To notice", _or_note(spans["detect_s"], "--moment=trouble and --moment=noticed")
    yield "To decide", _or_note(spans["decide_s"], "--moment=noticed")
    yield "To prepare", seconds(spans["prepare_s"])
    yield "To execute", seconds(spans["execute_s"])
    yield "To verify", seconds(spans["verify_s"])
    yield "The procedure expects", _estimate(report["estimate"])
    people = overall(report["messages"])
    if people:
        yield "People told", people
    for host in report["hosts"]:
        if host.get("journal_sha256"):
            yield f"Journal of {host['name']}, sha256", host["journal_sha256"]
        shift = host["clock"]["shift_s"]
        if shift:
            way = "ahead of" if shift > 0 else "behind"
            yield (
                f"Clock of {host['name']}",
                f"at least {seconds(abs(shift))} {way} this machine’s; times are the host’s",
            )


def _any_time(moments: Mapping[str, str | None]) -> str | None:
    return next((at for at in (moments["asked_at"], moments["began_at"], moments["ended_at"]) if at), None)


def _outage(report: Mapping[str, Any]) -> str:
    if report["outage_s"] is None:
        return f"not known: {report['outage_reason']}"
    if report["outage_reason"]:
        return f"none: {report['outage_reason']}"
    return f"{seconds(report['outage_s'])} without a good answer of the health URL"


def _or_note(value: float | None, moment: str) -> str:
    return seconds(value) if value is not None else f"not known (fab note --text=… --at=… {moment})"


def _estimate(estimate: Mapping[str, Any]) -> str:
    words = f"{estimate['least_s'] // 60}-{estimate['most_s'] // 60} min for {estimate['of']}, by hand"
    judged = {"sooner": "this took less", "within": "this was within it", "later": "this took longer"}
    return f"{words}: {judged[estimate['judged']]}" if estimate["judged"] else words
