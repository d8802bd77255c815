"""Health from the host, and what is made of a look from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from built_snapshots import snapshot

from hummii_ops.checks.stack import health
from hummii_ops.checks.stack.outside import Looked
from hummii_ops.facts.snapshot import HealthAnswer


def answered(**otherwise: Any) -> HealthAnswer:
    base = snapshot().health
    assert base is not None
    return replace(base, **otherwise)


def test_2xx_with_the_running_version_passes() -> None:
    """The answer names the version that runs."""
    found = health.inside(snapshot(), field="version", version="1.0")
    assert (found.verdict, found.value) == ("pass", 200)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answered(code=503), "HTTP 503"),
        (answered(code=301), "HTTP 301"),
        (answered(code=None, error="refused"), "no answer: refused"),
        (answered(body='{"version":"1.1"}'), "answers as version 1.1, not 1.0"),
        (answered(body="<html>"), "version unknown"),
        (answered(body='["1.0"]'), "version unknown"),
        (answered(body='{"version":{}}'), "version unknown"),
    ],
)
def test_a_bad_answer_fails(answer: HealthAnswer, words: str) -> None:
    """Not 2xx, not there, or not the version that runs."""
    found = health.inside(snapshot(health=answer), field="version", version="1.0")
    assert found.verdict == "fail"
    assert words in found.reason


@pytest.mark.parametrize(("field", "version"), [(None, "1.0"), ("version", None)])
def test_an_unknown_version_is_not_compared_and_says_so(field: str | None, version: str | None) -> None:
    """Nothing to compare is no failure, and no silent pass either."""
    found = health.inside(snapshot(health=answered(body="ok")), field=field, version=version)
    assert found.verdict == "pass"
    assert "not compared" in found.reason


def test_no_url_is_skipped_with_the_key_to_set() -> None:
    """Both looks name the inventory's key."""
    assert health.inside(snapshot(health=None), field=None, version=None).verdict == "skipped"
    found = health.outside(None, field=None, version=None)
    assert (found.verdict, "hosts[].url" in found.reason) == ("skipped", True)


def test_a_host_without_curl_and_wget_could_not_look() -> None:
    """A missing tool says nothing about the stack."""
    ill = snapshot(tools_missing=("curl or wget",), health=answered(code=None, error="not found"))
    assert health.inside(ill, field=None, version=None).verdict == "error"


def test_a_look_that_could_not_be_made_is_an_error() -> None:
    """From outside, no connection is our trouble until proven otherwise."""
    looked = Looked(verdict="error", url="https://u:p@h.example/x?token=abc", reason="no connection")
    found = health.outside(looked, field=None, version=None)
    assert found.verdict == "error"
    assert found.source == "from here: curl -sSL -m 5 -i 'https://***@h.example/x?***'"


def test_the_running_version_is_the_images_tag() -> None:
    """Of the version service; None where it does not run."""
    assert health.running_version(snapshot(), "api") == "1.0"
    assert health.running_version(snapshot(), "web") is None
