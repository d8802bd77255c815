"""What GitHub Actions reads in a job's log: a group that folds, and one error that stands at the top of the page.

Anything else would be noise there. Text is escaped, so that it cannot become a command to the runner.
"""

from __future__ import annotations

from collections.abc import Mapping

END_GROUP = "::endgroup::"


def wanted(environ: Mapping[str, str]) -> bool:
    """Are we in a job of GitHub Actions?"""
    return environ.get("GITHUB_ACTIONS") == "true"


def group(title: str) -> str:
    """The lines after it are folded under its title, up to END_GROUP."""
    return f"::group::{_data(title)}"


def error(title: str, message: str) -> str:
    """One annotation; the message may have several lines."""
    return f"::error title={_property(title)}::{_data(message)}"


def warning(title: str, message: str) -> str:
    """As `error`, for what need not stop anybody."""
    return f"::warning title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
