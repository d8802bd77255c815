"""`python -m bench.calibration`: how often the comparison of latencies is wrong, and how much it finds.

Seeded: the same on every machine. Prints the table of docs/statistics.md.
"""

from __future__ import annotations

import sys
from math import exp, sqrt
from random import Random

from hummii_ops.checks.statistics import compare

SEEDS = range(1000)
POINTS = 60
LOG_SD = 0.35
DEPENDENCES = (0.0, 0.3, 0.6, 0.9)
FACTORS = (1.0, 1.5, 2.0)
MEDIAN_MS = 100.0


def series(chance: Random, *, dependence: float, factor: float = 1.0) -> list[float]:
    """Log-normal latencies of which each depends on the one before: a stationary AR(1)."""
    state, found = chance.gauss(0, LOG_SD), []
    for _ in range(POINTS):
        found.append(factor * MEDIAN_MS * exp(state))
        state = dependence * state + sqrt(1 - dependence**2) * chance.gauss(0, LOG_SD)
    return found


def share_called_worse(*, dependence: float, factor: float) -> float:
    """Of all seeds, by the decision that is really used."""
    called = 0
    for seed in SEEDS:
        chance = Random(seed)  # noqa: S311 - figures that anyone can repeat
        before = series(chance, dependence=dependence)
        after = series(chance, dependence=dependence, factor=factor)
        called += compare(before, after).verdict == "worse"
    return called / len(SEEDS)


def row(dependence: float) -> str:
    """One line of the table."""
    shares = (share_called_worse(dependence=dependence, factor=factor) for factor in FACTORS)
    return f"| {dependence:g} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"


def main() -> None:
    sys.stdout.write("| φ | nothing changed (false alarms) | ×1.5 | ×2 |\n| --- | --- | --- | --- |\n")
    for dependence in DEPENDENCES:
        sys.stdout.write(f"{row(dependence)}\n")


if __name__ == "__main__":
    main()
