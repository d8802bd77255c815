"""The last lines of fab verify: the verdict, and what made it so."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.verdict import Judged
from hummii_ops.tasks.verify_page import conclude


def last_lines(**looks: Judged) -> str:
    out = StringIO()
    measurements = [Measurement(name=name, verdict=said, reason="", source="") for name, said in looks.items()]
    conclude(Console(file=out, width=200), "lab", worst(measurements), measurements)
    return out.getvalue()


def test_the_verdict_names_what_made_it_so() -> None:
    """Only the looks with that verdict, each once; a fail ends with the next command; a pass names none."""
    said = last_lines(quiet="inconclusive", health="fail", services="pass", mark="fail")
    assert said.startswith("fail: lab is not well: health, mark\n")
    assert "fab rollback --latest --dry-run" in said
    assert last_lines(quiet="inconclusive", services="pass") == (
        "inconclusive: lab is not judged: not enough to judge by: quiet\n"
    )
    assert last_lines(services="pass").startswith("pass: lab is healthy")
