"""Follow-ups as GitHub issues, one for each. One that was opened before is found by a mark in it, so that each is there
once, whoever asks, from whichever laptop.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hummii_ops.inventory import Secret
from hummii_ops.inventory.followups import Followups
from hummii_ops.telling.channels.posting import Poster, json_of, list_of
from hummii_ops.telling.report.followups import Followup
from hummii_ops.telling.status_page.github_issue import escaped

_LIMIT_S = 15.0
_PAGE, _MOST_PAGES = 100, 10


@dataclass(frozen=True, kw_only=True)
class Opened:
    """`url` for people; `new`: it was not there before."""

    url: str
    new: bool


class FollowupIssues:
    """The issues of a repository, for the follow-ups of one run."""

    def __init__(self, settings: Followups, token: Secret, run_id: str) -> None:
        self._settings, self._token, self._run_id = settings, token, run_id
        self._issues = f"{settings.url}/repos/{settings.repository}/issues"
        self._poster = Poster(limit_s=_LIMIT_S)
        self._known: list[dict[str, Any]] | None = None

    def open(self, item: Followup) -> Opened:
        """The issue of this follow-up; made if it is not there. Raises NotSent."""
        mark = f"<!-- hummii-ops {self._run_id} {item.id} -->"
        found = next((one for one in self._there() if mark in str(one.get("body"))), None)
        if found is not None:
            return Opened(url=str(found.get("html_url")), new=False)
        body = {"title": f"{item.words} (after {self._run_id})", "body": f"{self._text(item)}\n\n{mark}"}
        content = json.dumps(body | {"labels": [self._settings.label]}).encode()
        answer = self._poster.post(self._issues, content, self._headers())
        return Opened(url=str(json_of(answer, self._issues, needs="html_url")["html_url"]), new=True)

    def _text(self, item: Followup) -> str:
        owner = escaped(item.owner or "nobody yet")
        lines = [
            f"The procedure asks for it after a rollback: **{item.words}**.",
            f"Due {item.due_at:%Y-%m-%d %H:%M} UTC. Who has it: {owner}.",
        ]
        if item.evidence:
            seen = item.evidence
            lines.append(f"What a program saw last: {escaped(str(seen.get('verdict')))}: {escaped(str(seen['words']))}")
        lines.append(f"When it is done: `fab followups --run={self._run_id} --done={item.id}`")
        return "\n\n".join(lines)

    def _there(self) -> list[dict[str, Any]]:
        """All issues with the label, open or closed; asked once."""
        if self._known is None:
            self._known = []
            for page in range(1, _MOST_PAGES + 1):
                url = f"{self._issues}?state=all&labels={self._settings.label}&per_page={_PAGE}&page={page}"
                some = list_of(self._poster.ask("GET", url, None, self._headers()), url)
                self._known += some
                if len(some) < _PAGE:
                    break
        return self._known

    def _headers(self) -> dict[str, str]:
        accept = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return accept | {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json"}
