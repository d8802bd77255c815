"""Samples as Hypothesis draws them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

finite = st.floats(min_value=0, max_value=1e6, allow_nan=False)

tied = st.integers(min_value=0, max_value=5).map(float)

samples = st.one_of(st.lists(finite, min_size=1, max_size=60), st.lists(tied, min_size=1, max_size=60))


def dependent(seed: int, *, depends: float, doubles_at: int = 120) -> list[float]:
    """120 log-normal values of an AR(1), doubled from a place on."""
    chance = np.random.default_rng(seed)
    state, values = chance.normal() * 0.35, []
    for place in range(120):
        values.append((2 if place >= doubles_at else 1) * 100 * math.exp(state))
        state = depends * state + math.sqrt(1 - depends**2) * chance.normal() * 0.35
    return values
