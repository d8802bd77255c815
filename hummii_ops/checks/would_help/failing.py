"""Since when do requests fail: from the release on, or is that not known? Pure.

Never blames a release for what began before it: what is compared ends where the release began, and begins there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.requests.user_requests import Window
from hummii_ops.checks.statistics import compare_rates
from hummii_ops.checks.would_help.traffic import Counted

_LAST, _FIRST = timedelta(minutes=2), timedelta(minutes=10)  # as long after it, an onset is still the release's
_FRESH = timedelta(minutes=30)  # a baseline that is older says little of the moment before the release


def last_of(before: Window) -> Window:
    """The last moments before the release."""
    return replace(before, since=max(before.since, before.until - _LAST))


def first_of(now: Window) -> Window:
    """The first minutes with it."""
    return replace(now, until=min(now.until, now.since + _FIRST))


def since_release(first: Counted | None, last: Counted | None, base: Baseline | None, began_at: datetime) -> bool:
    """Did fewer fail just before the release than in its first minutes? False where that is not known.

    Where the proxy was made anew with the release, its log knows no before: then a baseline that was kept for it does.
    Of an old release the first minutes that are looked at are not its own: they are of the last hour.
    """
    if first is None or not first.usable or first.window.since - began_at > _FIRST:
        return False
    if last is not None and last.usable and last.requests.n:
        before = (last.requests.failed, last.requests.n)
    elif base is not None and began_at - _FRESH <= base.at <= began_at:
        before = (base.samples.failed, base.samples.counted)
    else:
        return False
    return compare_rates(*before, first.requests.failed, first.requests.n).verdict == "worse"
