"""The gate `security`: reports that the real tools wrote, judged by the policy; nothing broken or old is a pass."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.predeploy.audits import NoReport, parse
from hummii_ops.predeploy.gate import Gate
from hummii_ops.predeploy.security import Audit, judge

REPORTS = Path(__file__).with_name("reports")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHA = "0123456789abcdef0123456789abcdef01234567"
UNDONE = {"tool": {"driver": {"name": "t"}}, "invocations": [{"executionSuccessful": False}]}


def document(name: str) -> Any:
    return json.loads((REPORTS / name).read_text(encoding="utf-8"))


def gate(*names: str, age_h: float = 1, **policy: Any) -> Gate:
    audits = [Audit(file=name, report=parse(document(name)), at=NOW - timedelta(hours=age_h)) for name in names]
    return judge(audits, Predeploy.model_validate(policy), SHA, now=NOW)


@pytest.mark.parametrize(
    ("name", "severities"),
    [
        ("npm-audit.json", ["critical", "critical"]),
        ("pip-audit.json", [None]),
        ("zizmor.sarif", ["moderate", "high", "high"]),
        ("jactionlint.sarif", ["high"] * 5),
    ],
)
def test_what_the_tools_wrote_is_read(name: str, severities: list[str | None]) -> None:
    """Each finding, with its severity where the report has one."""
    report = parse(document(name))
    assert [one.severity for one in report.findings] == severities
    assert all(one.what and one.ids for one in report.findings)


def test_findings_fail_from_the_severity_on() -> None:
    """Critical ones fail; a warning of SARIF does not, where high is the limit; where moderate is, it does."""
    found = gate("npm-audit.json")
    assert found.verdict == "fail"
    assert "GHSA-jf85-cpcp-j695" in "\n".join(found.details)
    ignored = {"id": "zizmor/template-injection", "reason": "ours", "until": "2026-12-31"}
    both = [ignored, ignored | {"id": "zizmor/unpinned-uses"}]
    assert gate("zizmor.sarif", ignore=both).verdict == "pass"
    assert gate("zizmor.sarif", ignore=both, severity="moderate").verdict == "fail"


def test_what_is_not_rated_counts() -> None:
    """pip-audit says no severity: it is not taken for harmless."""
    assert gate("pip-audit.json", severity="critical").verdict == "fail"


@pytest.mark.parametrize("name", ["GHSA-462w-v97r-4m45", "CVE-2019-10906", "PYSEC-2019-217", "jinja2"])
def test_a_finding_is_ignored_by_any_of_its_names_until_its_day(name: str) -> None:
    """On the last day it is; on the next it counts again, and the page says that the waiver is over."""
    ignore = [{"id": name, "reason": "not reachable", "until": "2026-03-01"}]
    assert gate("pip-audit.json", ignore=ignore).verdict == "pass"
    ignore[0]["until"] = "2026-02-28"
    over = gate("pip-audit.json", ignore=ignore)
    assert over.verdict == "fail"
    assert over.details[0] == f"{name} was ignored until 2026-02-28, which is over: not reachable"


def test_only_what_can_be_fixed_may_count() -> None:
    """A finding without a fix passes, where the policy says so."""
    report = document("npm-audit.json")
    for one in report["vulnerabilities"].values():
        one["fixAvailable"] = False
    audit = Audit(file="a", report=parse(report), at=NOW)
    assert judge([audit], Predeploy(), SHA, now=NOW).verdict == "fail"
    assert judge([audit], Predeploy(only_fixable=True), SHA, now=NOW).verdict == "pass"


def test_an_old_report_and_one_of_another_commit_fail() -> None:
    """What was audited is what is deployed, and today's advisories count."""
    assert "25 h old" in gate("zizmor.sarif", age_h=25).reason
    other = document("zizmor.sarif")
    other["runs"][0]["versionControlProvenance"] = [{"repositoryUri": "x", "revisionId": "f" * 40}]
    found = judge([Audit(file="a", report=parse(other), at=NOW)], Predeploy(), SHA, now=NOW)
    assert (found.verdict, "another commit" in found.reason) == ("fail", True)


def test_no_report_is_no_pass() -> None:
    """Nothing given is inconclusive; what cannot be read is an error."""
    assert judge([], Predeploy(), SHA, now=NOW).verdict == "inconclusive"
    broken = Audit(file="a", report=NoReport("it is no JSON object"), at=NOW)
    assert judge([broken], Predeploy(), SHA, now=NOW).verdict == "error"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no JSON object"),
        ({}, "none of"),
        ({"message": "405 Method Not Allowed", "error": {"summary": ""}}, "the tool failed"),
        ({"version": "2.1.0", "runs": [{}]}, "broken"),
        ({"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 3}}}, "counts 3"),
        ({"version": "2.1.0", "runs": [UNDONE]}, "did not succeed"),
    ],
)
def test_an_audit_that_failed_is_no_audit_that_found_nothing(given: Any, said: str) -> None:
    """Each of them is an error."""
    with pytest.raises(NoReport, match=said):
        parse(given)


def test_a_package_that_was_skipped_was_not_audited() -> None:
    """pip-audit ends well and says so in its report: here it found no such package."""
    with pytest.raises(NoReport, match="jinja2 was not audited"):
        parse(document("pip-audit-skipped.json"))


def test_the_rules_score_comes_before_the_level() -> None:
    """As GitHub shows it: 9.0 is critical, 7.0 high, 4.0 moderate; a suppressed result is none."""
    results = [{"ruleId": str(score), "level": "note", "message": {"text": "x"}} for score in (9.0, 7.0, 4.0, 3.9)]
    suppressed: dict[str, Any] = {"ruleId": "9.0", "message": {"text": "x"}, "suppressions": [{"kind": "external"}]}
    rules = [{"id": one["ruleId"], "properties": {"security-severity": one["ruleId"]}} for one in results]
    run = {"tool": {"driver": {"name": "t", "rules": rules}}, "results": [*results, suppressed]}
    report = parse({"version": "2.1.0", "runs": [run]})
    assert [one.severity for one in report.findings] == ["critical", "high", "moderate", "low"]


def test_trivy_is_read() -> None:
    """By its published form; an unknown severity is not rated."""
    one = {"VulnerabilityID": "CVE-1", "PkgName": "zlib", "Severity": "HIGH", "FixedVersion": "1.3"}
    given = {"SchemaVersion": 2, "Results": [{"Vulnerabilities": [one, one | {"Severity": "UNKNOWN"}]}, {}]}
    assert [found.severity for found in parse(given).findings] == ["high", None]
