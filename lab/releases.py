"""The releases of the demo application, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = "1.0"
"""The release that a fresh or reset lab runs."""


@dataclass(frozen=True)
class Release:
    version: str
    about: str
    hidden: bool = False

    @property
    def image(self) -> str:
        return f"hummii-api:{self.version}"


RELEASES = (
    Release("1.0", "good"),
    Release("1.1", "broken: its health is always 503"),
    Release("1.2", "healthy, but 3 of every 10 orders fail with 500"),
    Release("1.3", "healthy, but each list of orders takes seconds"),
    Release("1.4", "healthy, but its migration drops a column: every order fails, with 1.0's code too"),
    Release("0.9", "never becomes healthy: a target that fails", hidden=True),
)
ALL_VERSIONS = tuple(release.version for release in RELEASES)


def releases(*, hidden: bool = False) -> list[Release]:
    """What `lab.deploy` can deploy; with `hidden`, also what only tests ask for."""
    return [release for release in RELEASES if hidden or not release.hidden]
