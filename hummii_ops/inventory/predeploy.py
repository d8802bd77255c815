"""What must hold before a deploy: the gates of `fab predeploy`, and what is waived, why and until when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen

GateName = Literal["tests", "security", "performance", "staging", "ready"]
GATES: tuple[GateName, ...] = ("tests", "security", "performance", "staging", "ready")
Severity = Literal["low", "moderate", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "moderate", "high", "critical")
Hours = Annotated[float, Field(gt=0, le=8784)]


class Waiver(Frozen):
    """A gate that need not pass until a day; after it, it counts again, and the page says that the waiver is over."""

    gate: GateName = Field(description="Which one.")
    reason: fields.Text = Field(description="Why.")
    until: date = Field(description="Last day on which it counts, as 2026-12-31.")


class IgnoredFinding(Frozen):
    """A finding of an audit that is known and accepted until a day."""

    id: fields.Text = Field(description="As the report names it: GHSA-…, CVE-…, a rule of SARIF, a package of npm.")
    reason: fields.Text = Field(description="Why.")
    until: date = Field(description="Last day on which it counts, as 2026-12-31.")


class Predeploy(Frozen):
    """The gates of `fab predeploy`."""

    gates: tuple[GateName, ...] = Field(default=GATES, description="The gates that must pass; the others are skipped.")
    repository: fields.Repository | None = Field(
        default=None, description="owner/name at GitHub. Default: $GITHUB_REPOSITORY."
    )
    url: fields.BaseUrl = Field(default="https://api.github.com", description="Base of GitHub's API.")
    token: fields.Text | None = Field(
        default=None, description="Secret with a token that may read checks. Default: $GITHUB_TOKEN or $GH_TOKEN."
    )
    required: tuple[fields.Text, ...] = Field(
        default=(),
        description="Check runs and statuses that the commit must have, by name. None named: all that it has, "
        "but for jobs of the asking workflow run that are not over.",
    )
    accept_neutral: bool = Field(default=False, description="A required check that ends neutral or skipped passes.")
    severity: Severity = Field(default="high", description="Findings of an audit from this severity on fail.")
    only_fixable: bool = Field(default=False, description="Only findings for which there is a fix fail.")
    ignore: tuple[IgnoredFinding, ...] = Field(default=(), description="Findings that are accepted for a time.")
    report_age_h: Hours = Field(default=24, description="Reports and evidence older than this, in hours, are not used.")
    p95_ms: Annotated[float, Field(gt=0, le=3_600_000)] = Field(
        default=1000, description="95 of 100 requests of a load test take at most this."
    )
    errors_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        default=1, description="Share of requests of a load test that may fail."
    )
    evidence_key: fields.Text | None = Field(
        default=None, description="Secret that signs the evidence of staging (HMAC-SHA256); null: it is not signed."
    )
    waivers: tuple[Waiver, ...] = Field(default=(), description="Gates that need not pass for a time.")
