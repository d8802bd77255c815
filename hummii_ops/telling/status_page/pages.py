"""The page for people and the feed for programs. Pure; asks nobody for anything: no script, no font, no image."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from hummii_ops.telling.status_page.lifecycle import Incident, Update

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{service}: status</title>
<link rel="alternate" type="application/rss+xml" href="feed.xml">
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem }}
.ok {{ border-left: .4rem solid #2a7d2a; padding-left: .8rem }}
.ill {{ border-left: .4rem solid #b35c00; padding-left: .8rem }}
time {{ opacity: .7 }}
</style>
"""
_WORDS = {"identified": "We are working on it", "monitoring": "A fix is in place", "resolved": "Solved"}


def page(service: str, incidents: Sequence[Incident]) -> str:
    """index.html."""
    is_open = [one for one in incidents if one.stage != "resolved"]
    state = '<p class="ill"><b>There is a problem.</b></p>' if is_open else '<p class="ok"><b>All is well.</b></p>'
    parts = [_HEAD.format(service=escape(service)), f"<h1>{escape(service)}</h1>\n{state}\n"]
    return "".join([*parts, *(_incident(one) for one in incidents)])


def _incident(incident: Incident) -> str:
    updates = "".join(_update(one) for one in reversed(incident.updates))
    return f"<article>\n<h2>{_WORDS[incident.stage]}</h2>\n{updates}</article>\n"


def _update(update: Update) -> str:
    at = f"{datetime.fromisoformat(update.at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    said = update.text.removesuffix(f"({at})").rstrip()  # a wording for places without a time has it, too
    text = escape(said).replace("\n", "<br>")
    return f"<p><time>{at}</time><br><b>{escape(update.title)}</b><br>{text}</p>\n"


def feed(service: str, incidents: Sequence[Incident]) -> str:
    """feed.xml: RSS 2.0, the newest first."""
    updates = sorted((one for incident in incidents for one in incident.updates), key=lambda one: one.at, reverse=True)
    items = "".join(
        f'<item><guid isPermaLink="false">{escape(one.id)}</guid><title>{escape(one.title)}</title>'
        f"<description>{escape(one.text)}</description>"
        f"<pubDate>{format_datetime(datetime.fromisoformat(one.at))}</pubDate></item>\n"
        for one in updates
    )
    head = f"<title>{escape(service)}: status</title><link>index.html</link><description>Incidents</description>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>{head}\n{items}</channel></rss>\n'
