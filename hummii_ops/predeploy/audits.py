"""Reports of security audits, whatever tool wrote them, as findings. Pure; the form is known by what stands in it.

A report of no known form is an error, never an audit that found nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hummii_ops.inventory.predeploy import Severity


class NoReport(Exception):
    """It cannot be read as a report; says why."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding. `severity` None: the report does not say; `ids`: all names by which it is known."""

    ids: tuple[str, ...]
    severity: Severity | None
    what: str
    fixable: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report. `revision` and `made_at`, where it says for which commit and when."""

    tool: str
    findings: tuple[Finding, ...]
    revision: str | None = None
    made_at: datetime | None = None


_WORDS: Mapping[str, Severity] = {
    "info": "low",
    "low": "low",
    "moderate": "moderate",
    "medium": "moderate",
    "high": "high",
    "critical": "critical",
}
_LEVELS: Mapping[str, Severity] = {"note": "low", "warning": "moderate", "error": "high"}


def parse(document: Any) -> Report:
    """The report, by its form. Raises NoReport."""
    if not isinstance(document, dict):
        raise NoReport("it is no JSON object")
    forms: tuple[tuple[bool, Callable[[Any], Report]], ...] = (
        ("runs" in document and str(document.get("version", "")).startswith("2.1"), _sarif),
        ("auditReportVersion" in document, _npm),
        ("Results" in document and "SchemaVersion" in document, _trivy),
        ("dependencies" in document and "fixes" in document, _pip),
    )
    reader = next((read for fits, read in forms if fits), None)
    if reader is None:
        said = document.get("error") or document.get("message")
        raise NoReport(
            f"the tool failed: {said!r:.200}" if said else "it is none of: SARIF, npm audit, pip-audit, Trivy"
        )
    try:
        return reader(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise NoReport(f"its form is broken at {error!r:.100}") from None


def _sarif(document: Any) -> Report:
    """SARIF 2.1.0: results that are not suppressed; `security-severity` of the rule before the level."""
    findings, tools, revision, ended = list[Finding](), list[str](), None, None
    for run in document["runs"]:
        tools.append(run["tool"]["driver"]["name"])
        if any(one.get("executionSuccessful") is False for one in run.get("invocations", ())):
            raise NoReport(f"{tools[-1]} says that it did not succeed")
        rules = {rule["id"]: rule for rule in run["tool"]["driver"].get("rules", ())}
        for one in run.get("results") or ():
            if one.get("suppressions") or one.get("kind", "fail") != "fail" or one.get("level") == "none":
                continue
            name = one.get("ruleId") or one.get("rule", {}).get("id") or "a rule"
            where = _place(one)
            what = f"{one['message'].get('text') or name}{f' at {where}' if where else ''}"
            findings.append(Finding(ids=(name,), severity=_of_rule(one, rules.get(name, {})), what=what, fixable=True))
        revision = next((one.get("revisionId") for one in run.get("versionControlProvenance", ())), None) or revision
        ended = next((one.get("endTimeUtc") for one in run.get("invocations", ())), None) or ended
    return Report(tool=", ".join(tools), findings=tuple(findings), revision=revision, made_at=_time(ended))


def _of_rule(result: Any, rule: Any) -> Severity:
    score = rule.get("properties", {}).get("security-severity")
    if score is not None:  # GitHub's own bounds for CVSS
        number = float(score)
        return "critical" if number >= 9 else "high" if number >= 7 else "moderate" if number >= 4 else "low"
    level = result.get("level") or rule.get("defaultConfiguration", {}).get("level") or "warning"
    return _LEVELS[level]


def _place(result: Any) -> str:
    for one in result.get("locations", ()):
        place = one.get("physicalLocation", {})
        line = place.get("region", {}).get("startLine")
        return f"{place.get('artifactLocation', {}).get('uri', '')}{f':{line}' if line else ''}"
    return ""


def _npm(document: Any) -> Report:
    """npm audit --json, of version 2; its own counts must agree, or something was cut off."""
    findings = tuple(_npm_finding(name, one) for name, one in document["vulnerabilities"].items())
    total = document["metadata"]["vulnerabilities"]["total"]
    if total != len(findings):
        raise NoReport(f"it counts {total} vulnerabilities and names {len(findings)}")
    return Report(tool="npm audit", findings=findings)


def _npm_finding(name: str, one: Any) -> Finding:
    advisories = [via for via in one["via"] if isinstance(via, dict)]
    ids = tuple(str(via["url"]).rsplit("/", 1)[-1] for via in advisories if via.get("url"))
    titles = "; ".join(str(via.get("title")) for via in advisories) or f"by {', '.join(map(str, one['via']))}"
    return Finding(
        ids=(*ids, name),
        severity=_WORDS[one["severity"]],
        what=f"{name} {one.get('range', '')}: {titles}",
        fixable=bool(one.get("fixAvailable")),
    )


def _pip(document: Any) -> Report:
    """pip-audit -f json. It says no severity."""
    return Report(tool="pip-audit", findings=tuple(_pip_findings(document)))


def _pip_findings(document: Any) -> Iterator[Finding]:
    for package in document["dependencies"]:
        if "skip_reason" in package:
            raise NoReport(f"{package['name']} was not audited: {package['skip_reason']:.100}")
        for one in package["vulns"]:
            yield Finding(
                ids=(one["id"], *one.get("aliases", ()), package["name"]),
                severity=None,
                what=f"{package['name']} {package['version']}: {one['id']}",
                fixable=bool(one.get("fix_versions")),
            )


def _trivy(document: Any) -> Report:
    """trivy --format json."""
    found = [one for result in document["Results"] or () for one in result.get("Vulnerabilities") or ()]
    findings = tuple(
        Finding(
            ids=(one["VulnerabilityID"], one["PkgName"]),
            severity=_WORDS.get(one["Severity"].lower()),
            what=f"{one['PkgName']} {one.get('InstalledVersion', '')}: {one['VulnerabilityID']}",
            fixable=bool(one.get("FixedVersion")),
        )
        for one in found
    )
    return Report(tool="trivy", findings=findings, made_at=_time(document.get("CreatedAt")))


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
