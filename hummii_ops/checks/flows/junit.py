"""The flows' results as JUnit XML, as CI systems read it: a suite for each host and flow, a case for each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from hummii_ops.checks.flows.played import Played, StepResult
from hummii_ops.checks.verdict import SKIPPED

_KIND = {"fail": "failure", "error": "error", "inconclusive": "skipped", SKIPPED: "skipped"}


def junit(by_host: Mapping[str, Sequence[Played]]) -> bytes:
    """The whole file."""
    root = Element("testsuites", name="hummii-ops flows")
    for host, flows in by_host.items():
        for played in flows:
            _suite(root, host, played)
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _suite(root: Element, host: str, played: Played) -> None:
    # A flow without a step of its own to blame is a case itself.
    cases = list(played.steps) or [StepResult(name="flow", verdict=played.verdict, reason=played.reason)]
    said = [_KIND.get(case.verdict) for case in cases]
    suite = SubElement(
        root,
        "testsuite",
        name=f"{host}.{played.flow}",
        tests=str(len(cases)),
        failures=str(said.count("failure")),
        errors=str(said.count("error")),
        skipped=str(said.count("skipped")),
        time=f"{played.elapsed_s:.3f}",
    )
    for case in cases:
        total_s = (case.timing.total_ms if case.timing else 0) / 1000
        element = SubElement(
            suite, "testcase", name=case.name, classname=f"{host}.{played.flow}", time=f"{total_s:.3f}"
        )
        if kind := _KIND.get(case.verdict):
            SubElement(element, kind, message=_allowed(case.reason))


def _allowed(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(char for char in text if char in "\t\n" or (char >= " " and not "\ud800" <= char <= "\udfff"))
