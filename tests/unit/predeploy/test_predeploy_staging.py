"""The gate `staging`, waivers, and what all gates together mean."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hummii_ops.inventory.predeploy import GATES, Waiver
from hummii_ops.predeploy.gate import Gate, verdict_of, waived
from hummii_ops.predeploy.staging import NoEvidence, changed_since, evidence, judge, parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = date(2026, 3, 1)
SHA = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "a" * 64


def made(*, key: str | None = None, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "sha": SHA,
        "environment": "staging",
        "version": "1.1",
        "images": {"api": ["sha256:" + "b" * 64, f"shop/api@{DIGEST}"]},
        "verdict": "pass",
        "looks": {"staging-1: health.inside": "pass"},
        "who": "ci@runner",
        "at": NOW - timedelta(hours=2),
        "good_for_h": 24,
    }
    return evidence(**(said | changes), key=key)


def gate(document: dict[str, Any], *, image: str | None = DIGEST) -> Gate:
    return judge(parse(json.dumps(document), key=None), SHA, image, file="e.json", now=NOW)


def one(verdict: Any, *, name: Any = "tests", by: str | None = None) -> Gate:
    return Gate(name=name, verdict=verdict, reason="", source="-", waived=by)


def test_what_ran_on_staging_passes() -> None:
    """By digest, with or without its repository, or by the image's id."""
    for image in (DIGEST, f"other/name@{DIGEST}", "sha256:" + "b" * 64):
        assert gate(made(), image=image).verdict == "pass"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha": "f" * 40}, "another commit"),
        ({"at": NOW - timedelta(hours=25)}, "has expired"),
        ({"verdict": "fail", "looks": {"s: flow.order": "fail", "s: x": "pass"}}, "staging was not well"),
        ({"verdict": "inconclusive"}, "staging was not well"),
        ({"images": {"api": ["sha256:" + "c" * 64]}}, "did not run on staging"),
        ({"images": {}}, "did not run on staging"),
    ],
)
def test_what_did_not_pass_there_does_not_here(changes: dict[str, Any], said: str) -> None:
    """Another commit, an expired file, an ill staging, another image."""
    found = gate(made(**changes))
    assert (found.verdict, said in found.reason) == ("fail", True), found.reason


def test_without_the_image_it_cannot_be_told() -> None:
    """Nor without any evidence."""
    assert gate(made(), image=None).verdict == "inconclusive"
    assert judge(None, SHA, DIGEST, file="-", now=NOW).verdict == "inconclusive"
    assert judge(NoEvidence("changed"), SHA, DIGEST, file="-", now=NOW).verdict == "error"


def test_evidence_that_was_changed_is_none() -> None:
    """By one word; with a key, one who does not have it cannot make it whole again."""
    document = made(verdict="fail", key="secret")
    with pytest.raises(NoEvidence, match="changed"):
        parse(json.dumps(document | {"verdict": "pass"}), key=None)
    for other in (made(), made(key="another")):
        with pytest.raises(NoEvidence, match="signature"):
            parse(json.dumps(other), key="secret")
    assert parse(json.dumps(document), key="secret")["verdict"] == "fail"
    for text in ("", "[]", "{}", '{"schema": "x"}'):
        with pytest.raises(NoEvidence):
            parse(text, key=None)


def test_what_was_deployed_meanwhile_was_not_verified() -> None:
    """The verdict is of what verify saw on each host, and so is the evidence."""
    verified = [{"name": "s1", "identity": "a"}, {"name": "s2", "identity": None}]
    assert changed_since(verified, {"s1": "a"}) == []
    assert changed_since(verified, {"s1": "a", "s2": None}) == ["s2"]  # its files are not what runs
    assert changed_since(verified, {"s1": "b", "s2": None, "s3": "a"}) == ["s1", "s2", "s3"]


def test_a_waiver_lifts_a_gate_until_its_day_and_is_shown() -> None:
    """It does not make it pass; over, it is said and changes nothing; a gate that passes needs none."""
    gates = [one("fail" if name == "security" else "pass", name=name) for name in GATES]
    standing = Waiver(gate="security", reason="fixed on Monday", until=TODAY)
    lifted = waived(gates, [standing], [], today=TODAY)
    assert verdict_of(gates) == "fail"
    assert verdict_of(lifted) == "pass"
    assert [(each.verdict, each.waived) for each in lifted if each.waived] == [
        ("fail", "fixed on Monday (until 2026-03-01)")
    ]
    over = waived(gates, [standing], [], today=TODAY + timedelta(days=1))
    assert verdict_of(over) == "fail"
    assert over[1].details == ("its waiver was good until 2026-03-01, and is over",)
    assert waived(gates, [Waiver(gate="tests", reason="x", until=TODAY)], [], today=TODAY) == gates


def test_all_gates_together() -> None:
    """The worst one decides; what is skipped or waived does not count."""
    assert verdict_of([one("pass"), one("skipped")]) == "pass"
    assert verdict_of([one("pass"), one("inconclusive"), one("error", by="x")]) == "inconclusive"
    assert verdict_of([one("fail", by="x")]) == "pass"
