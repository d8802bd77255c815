"""Would a rollback help? Evidence in, one plain answer out: yes, no or unknown, with the evidence of every row.

Source of the table: decision 19 and docs/statistics.md. Never reads anything by itself.
"""

from hummii_ops.checks.would_help.advice import Advice, Changed, advise, changed
from hummii_ops.checks.would_help.evidence import (
    DatabaseLoad,
    Dependency,
    Evidence,
    HealthSeen,
    HostLoad,
    Load,
    OtherChange,
    Previous,
    ServiceState,
)
from hummii_ops.checks.would_help.metrics import Failures, Gates, Series
from hummii_ops.checks.would_help.row import Helps, Row, Says

__all__ = [
    "Advice",
    "Changed",
    "DatabaseLoad",
    "Dependency",
    "Evidence",
    "Failures",
    "Gates",
    "HealthSeen",
    "Helps",
    "HostLoad",
    "Load",
    "OtherChange",
    "Previous",
    "Row",
    "Says",
    "Series",
    "ServiceState",
    "advise",
    "changed",
]
