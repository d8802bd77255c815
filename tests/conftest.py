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
        last = "\n".join(report.longreprtext.splitlines()[-12:])
        sys.stderr.write(f"\nfailed ({report.when}): {report.nodeid}\n{last}\n")
