"""What vendors take, as JSON Schema: made from the facts that they publish, and stricter in one respect: no key that
they do not name.

PagerDuty: its Events API v2 (alert events) and its change events. Statuspage: incidents of its API v1. GitHub: issues
and comments of its REST API, version 2022-11-28. Slack: chat.postMessage and chat.update.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker


def _object(required: str, **properties: Any) -> dict[str, Any]:
    known = {"type": "object", "properties": properties, "additionalProperties": False}
    return known | {"required": required.split()}


def _text(most: int | None = None) -> dict[str, Any]:
    return {"type": "string", "minLength": 1} | ({"maxLength": most} if most else {})


_LINKS = {"type": "array", "items": _object("href", href=_text(), text=_text())}
_TIME = {"type": "string", "format": "date-time"}
_PD_PAYLOAD = {"summary": _text(1024), "source": _text(), "timestamp": _TIME, "custom_details": {"type": "object"}}
_PD_ALERT = _object(
    "routing_key event_action",
    routing_key=_text(),
    event_action={"enum": ["trigger", "acknowledge", "resolve"]},
    dedup_key=_text(255),
    payload=_object(
        "summary source severity",
        **_PD_PAYLOAD,
        severity={"enum": ["critical", "error", "warning", "info"]},
        component=_text(),
        group=_text(),
        **{"class": _text()},
    ),
    links=_LINKS,
    client=_text(),
    client_url=_text(),
)
# What an action needs beside it: a trigger its payload, the others the key of the alert that they are about.
_PD_ALERT["if"] = {"properties": {"event_action": {"const": "trigger"}}}
_PD_ALERT["then"], _PD_ALERT["else"] = {"required": ["payload"]}, {"required": ["dedup_key"]}
_PD_CHANGE = _object(
    "routing_key payload", routing_key=_text(), payload=_object("summary", **_PD_PAYLOAD), links=_LINKS
)

_COMPONENTS = ["operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"]
_INCIDENT = {
    "name": _text(255),
    "status": {"enum": ["investigating", "identified", "monitoring", "resolved"]},
    "body": _text(25_000),
    "impact_override": {"enum": ["none", "maintenance", "minor", "major", "critical"]},
    "components": {"type": "object", "additionalProperties": {"enum": _COMPONENTS}},
    "component_ids": {"type": "array", "items": _text()},
    "deliver_notifications": {"type": "boolean"},
    "metadata": {"type": "object", "additionalProperties": {"type": "object"}},
}

_ISSUE = {
    "title": _text(256),
    "body": {"type": "string", "maxLength": 65_536},
    "labels": {"type": "array", "items": _text(50)},
    "assignees": {"type": "array", "items": _text()},
    "state": {"enum": ["open", "closed"]},
    "state_reason": {"enum": ["completed", "not_planned", "reopened"]},
}

_SLACK = {
    "channel": _text(),
    "text": _text(40_000),
    "metadata": _object("event_type event_payload", event_type=_text(255), event_payload={"type": "object"}),
    "unfurl_links": {"type": "boolean"},
}

CONTRACTS: dict[str, dict[str, Any]] = {
    "pagerduty-alert": _PD_ALERT,
    "pagerduty-change": _PD_CHANGE,
    "statuspage-create": _object("incident", incident=_object("name", **_INCIDENT)),
    "statuspage-update": _object("incident", incident=_object("", **_INCIDENT)),
    "github-create": _object("title", **_ISSUE),
    "github-update": _object("", **_ISSUE),
    "github-comment": _object("body", body=_text(65_536)),
    "slack-post": _object("channel text", **_SLACK, thread_ts=_text(), reply_broadcast={"type": "boolean"}),
    "slack-update": _object("channel ts text", ts=_text(), **_SLACK),
}


def broken(contract: str, value: Any) -> str:
    """What of it a vendor would not take; "" for nothing."""
    checker = Draft202012Validator(CONTRACTS[contract], format_checker=FormatChecker())
    return "; ".join(f"{one.json_path}: {one.message}" for one in checker.iter_errors(value))
