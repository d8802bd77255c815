"""Looking, and saying honestly what was seen: each look is a Measurement, the worst of them the Verdict."""

from hummii_ops.checks.verdict import SKIPPED, Judged, Measurement, Verdict, exit_code_of, worst

__all__ = ["SKIPPED", "Judged", "Measurement", "Verdict", "exit_code_of", "worst"]
