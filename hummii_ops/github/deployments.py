"""What GitHub shows of a rollback: a deployment of the task `rollback`, and how it stands. Told beside the work.

Never delays and never breaks a rollback: each word has seconds, and what cannot be said is a note.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from hummii_ops.checks.client.deadline import TimeUp, within
from hummii_ops.github.client import GitHub, NoAnswer

State = Literal["in_progress", "success", "failure", "error"]
_MOST_CHARACTERS = 140  # of a description
_WAIT_S = 5.0


class Deployment:
    """A deployment of the task `rollback`: made while the rollback goes on. `note`: what could not be told."""

    def __init__(self, github: GitHub, *, sha: str, environment: str, log_url: str) -> None:
        self._github, self._environment, self._log_url = github, environment, log_url
        self._made: queue.SimpleQueue[int | NoAnswer] = queue.SimpleQueue()
        self.id: int | None = None
        self.note = ""
        threading.Thread(target=self._begin, args=(sha,), name="deployment", daemon=True).start()

    def end(self, state: State, description: str) -> None:
        """Say how it ended."""
        try:
            within(_WAIT_S, lambda: self._end(state, description))
        except (NoAnswer, TimeUp) as error:
            self.note = f"the deployment status was not told: {error or 'GitHub takes too long'}"

    def _begin(self, sha: str) -> None:
        try:
            made = self._make(sha)
        except NoAnswer as error:
            self._made.put(error)
            return
        with suppress(NoAnswer):  # it is told before the end, or not at all
            self._say(made, "in_progress", "rolling back")
        self._made.put(made)

    def _make(self, sha: str) -> int:
        """Without waiting for checks, and without merging anything: both are what GitHub does if nothing is said."""
        said = {
            "ref": sha,
            "task": "rollback",
            "environment": self._environment,
            "auto_merge": False,
            "required_contexts": [],
            "description": "rollback by hummii-ops",
        }
        made = replace(self._github).post("/deployments", said).get("id")
        if not isinstance(made, int):
            raise NoAnswer("GitHub made no deployment")
        return made

    def _end(self, state: State, description: str) -> None:
        made = self._made.get()
        if isinstance(made, NoAnswer):
            raise made
        self.id = made
        self._say(made, state, description)

    def _say(self, number: int, state: State, description: str) -> None:
        # auto_inactive: the deployment whose release is back is one of those from before, and is live again
        said: dict[str, Any] = {"state": state, "environment": self._environment, "auto_inactive": False}
        said |= {"description": description[:_MOST_CHARACTERS]} | ({"log_url": self._log_url} if self._log_url else {})
        replace(self._github).post(f"/deployments/{number}/statuses", said)
