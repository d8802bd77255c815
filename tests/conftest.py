"""For all tiers: a failure is shown when it happens, and no test of a property fails for how long an example took."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The suite takes long: who waits for it need not wait to learn what failed. Shown whole once more at the end."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        lines = report.longreprtext.splitlines()
        why = next((line for line in lines[:-12] if line.startswith("E ")), "")  # before what a program printed
        sys.stderr.write("\n".join((f"\nfailed ({report.when}): {report.nodeid}", why, *lines[-12:], "")))
