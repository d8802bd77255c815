"""A comparison in one line, with its numbers."""

from __future__ import annotations

from hummii_ops.checks.statistics.compare import LEAST_POINTS, Comparison
from hummii_ops.checks.statistics.counts import most_hidden

_SAID = {"worse": "worse", "better": "better", "same": "no relevant difference", "inconclusive": "cannot tell"}


def sentence(one: Comparison, *, unit: str = "") -> str:
    """`unit` is "%" for rates, which are shown in per cent.

    "worse: 120 → 250 ms (×2.08; the difference is +98 … +161 ms), n 60 and 60 (worth 30 in all), p < 0.0001"
    """
    seen = f"n {one.n_before} and {one.n_after}"
    if one.before is None or one.after is None or one.low is None or one.high is None:
        return f"cannot tell: {seen}, at least {LEAST_POINTS} each are needed ({one.missing} missing)"
    if unit == "%":
        values = f"{one.before:.2%} → {one.after:.2%}"
        between = f"{100 * one.low:+.2f} … {100 * one.high:+.2f} points"
        seen += f"; none failed: the rate is at most {most_hidden(one.n_after):.2%}" if one.after == 0 else ""
    else:
        values = f"{_short(one.before)} → {_short(one.after)} {unit}".rstrip()
        between = f"{_short(one.low, sign='+')} … {_short(one.high, sign='+')} {unit}".rstrip()
        seen += f" (worth {one.n_effective:.0f} in all)"
    ratio = f"×{one.ratio:.2f}; " if one.ratio is not None else ""
    p = "p < 0.0001" if one.p < 0.0001 else f"p {one.p:.4f}"
    missing = f", {one.missing} more on each side may tell" if one.missing else ""
    return f"{_SAID[one.verdict]}: {values} ({ratio}the difference is {between}), {seen}, {p}{missing}"


def _short(value: float, *, sign: str = "") -> str:
    """Three figures, and no exponent for what people know in digits."""
    return f"{value:{sign}.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"
