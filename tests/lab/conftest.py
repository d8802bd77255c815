"""The lab for the tests here: one host, brought up once. HUMMII_LAB names another one, which is then left up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_name import named_lab
from lab_operator import Operator
from lab_production import SECRETS, Production

from lab import stack
from lab.state import Lab

# How soon a machine answers that runs several labs at once is no release's merit or fault.
PATIENT = "limits: {response_p95_ms: 5000}"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab with one host that runs 1.0."""
    _, kept = named_lab()
    lab = Lab.here()
    stack.up(lab, count=1, say=print, ask=lambda _question: True)
    yield lab
    if not kept:
        stack.down(lab, say=print)


@pytest.fixture(scope="session")
def production(lab: Lab) -> Production:
    """The lab's host; what state it is in is for `fresh`."""
    return Production(lab, lab.read().hosts[0])


@pytest.fixture
def fresh(production: Production) -> Production:
    """Production with release 1.0 healthy, and no trace of a deploy or of us."""
    production.rewind()
    return production


@pytest.fixture
def laptop(lab: Lab, tmp_path: Path) -> Callable[..., Operator]:
    """Makes an operator with a folder of its own; `keys` override the lab's environment."""
    env = dict(line.split("=", 1) for line in lab.production_env().splitlines())

    def make(name: str = "laptop", keys: str = PATIENT) -> Operator:
        return Operator(tmp_path / name, lab.environment_file, [env[name] for name in SECRETS], keys)

    return make


@pytest.fixture
def operator(laptop: Callable[..., Operator]) -> Operator:
    """The operator of most tests."""
    return laptop()
