"""The record as JUnit XML: the steps of each host, and what was verified, as test cases that a CI job can show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

# What XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED = ("skipped", "not reached")
_BAD_LOOK = {"fail": "failure", "error": "error", "inconclusive": "skipped", "skipped": "skipped"}


def junit(report: Mapping[str, Any]) -> str:
    """One suite for each host's steps, one for the looks."""
    root = ElementTree.Element("testsuites", name=_legal(report["run_id"]))
    for host in report["hosts"]:
        steps = [one for one in report["steps"] if one["host"] == host["name"]]
        _suite(root, f"steps on {host['name']}", host["began_at"], (_step(one) for one in steps))
    if report["checks"] is not None:
        _suite(root, "verify", None, (_look(one) for one in report["checks"]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ElementTree.Element, name: str, at: str | None, cases: Iterable[ElementTree.Element]) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=_legal(name))
    suite.extend(cases)
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in suite):.3f}")
    if at:
        suite.set("timestamp", at)


def _step(step: Mapping[str, Any]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_legal(f"{step['host']}.{step['list']}"), name=_legal(step["id"]))
    case.set("time", f"{step['elapsed_s'] or 0:.3f}")
    outcome = step["outcome"]
    tag = {"failed": "failure", "open": "error"}.get(outcome, "skipped" if outcome in _SKIPPED else None)
    if tag is not None:
        words = {"open": "it was begun, and its end is not known"}.get(outcome, step["reason"] or outcome)
        ElementTree.SubElement(case, tag, message=_legal(words))
    return case


def _look(look: Mapping[str, Any]) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_legal(f"{look['host']}.verify"), name=_legal(str(look["name"])), time="0"
    )
    tag = _BAD_LOOK.get(str(look["verdict"]))
    if tag is not None:
        ElementTree.SubElement(case, tag, message=_legal(str(look["reason"] or look["verdict"])))
    return case


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)
