"""The last lines of fab verify: the verdict, and what made it so."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.verdict import Judged
from hummii_ops.tasks.health.verify_page import conclude, rows


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
    assert "user flows are not looked at" in last_lines(services="pass")
    assert "logs, user flows and load" in last_lines(**{"services": "pass", "flow.order": "pass"})


def look(name: str, said: Judged, *, critical: bool = True) -> Measurement:
    return Measurement(name=name, verdict=said, reason="why", source="", critical=critical)


def test_what_is_well_shares_a_line() -> None:
    """What is not well has a line of its own, and one that breaks nothing another sign; --all shows each."""
    looks = [
        look("service.api", "pass"),
        look("service.nginx", "fail"),
        look("service.redis", "pass"),
        look("host.load", "fail", critical=False),
        look("oom", "pass"),
    ]
    found = [(sign.strip("[]/").rpartition("]")[2][:1], *rest) for sign, *rest in rows(looks, every=False)]
    assert found == [
        ("✓", "service.*", "2 well", "api, redis"),
        ("✗", "service.nginx", "fail", "why"),
        ("~", "host.load", "fail", "why"),
        ("✓", "oom", "pass", "why"),
    ]
    assert [row[1] for row in rows(looks, every=True)] == [one.name for one in looks]
