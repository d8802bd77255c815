"""Do the audits find nothing that matters? Pure: reports, the policy of the inventory, and the day.

No report is no pass; what the report does not rate counts as if it were bad enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hummii_ops.inventory.predeploy import SEVERITIES, IgnoredFinding, Predeploy
from hummii_ops.predeploy.audits import Finding, NoReport, Report
from hummii_ops.predeploy.gate import Gate
from hummii_ops.transport.text import printable

_MOST_DETAILS = 20


@dataclass(frozen=True, kw_only=True)
class Audit:
    """A report's file: what it says, or why it cannot be used. `at`: when it was made, or last written."""

    file: str
    report: Report | NoReport
    at: datetime


def judge(audits: Sequence[Audit], settings: Predeploy, sha: str, *, now: datetime) -> Gate:
    """The gate `security`."""
    source = " ".join(one.file for one in audits)
    if not audits:
        return _gate("inconclusive", "no report of an audit was given: --audit=FILE", source="--audit")
    for one in audits:
        if isinstance(one.report, NoReport):
            return _gate("error", f"{one.file}: {one.report}", source=source)
        if one.report.revision not in (None, sha):
            return _gate("fail", f"{one.file} is of another commit: {one.report.revision!r:.60}", source=source)
        if now - one.at > timedelta(hours=settings.report_age_h):
            age = (now - one.at).total_seconds() / 3600
            return _gate(
                "fail", f"{one.file} is {age:.0f} h old; {settings.report_age_h:g} h is the most", source=source
            )
    found = [(one, finding) for one in audits if isinstance(one.report, Report) for finding in one.report.findings]
    bad = [finding for _, finding in found if _matters(finding, settings)]
    open_ones = [one for one in bad if _ignored(one, settings, now) is None]
    details = [*_overdue(bad, settings, now), *(_line(one) for one in open_ones)]
    reason = (
        f"{len(found)} findings, {len(bad)} that matter (from {settings.severity} on), {len(open_ones)} not ignored"
    )
    return _gate("fail" if open_ones else "pass", reason, source=source, details=details)


def _gate(verdict: str, reason: str, *, source: str, details: Sequence[str] = ()) -> Gate:
    shown = [printable(one) for one in details[:_MOST_DETAILS]]
    shown += [f"… and {len(details) - _MOST_DETAILS} more"] if len(details) > _MOST_DETAILS else []
    return Gate(name="security", verdict=verdict, reason=printable(reason), source=source, details=tuple(shown))  # type: ignore[arg-type]


def _matters(finding: Finding, settings: Predeploy) -> bool:
    if settings.only_fixable and not finding.fixable:
        return False
    return finding.severity is None or SEVERITIES.index(finding.severity) >= SEVERITIES.index(settings.severity)


def _ignored(finding: Finding, settings: Predeploy, now: datetime) -> IgnoredFinding | None:
    return next((one for one in settings.ignore if one.id in finding.ids and one.until >= now.date()), None)


def _overdue(bad: Sequence[Finding], settings: Predeploy, now: datetime) -> list[str]:
    ids = {name for one in bad for name in one.ids}
    over = [one for one in settings.ignore if one.until < now.date() and one.id in ids]
    return [f"{one.id} was ignored until {one.until}, which is over: {one.reason}" for one in over]


def _line(finding: Finding) -> str:
    return (
        f"{finding.severity or 'not rated'}: {finding.what} ({finding.ids[0]}){'' if finding.fixable else ', no fix'}"
    )
