"""A status page by GitHub issues, against a repository with a memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from telling_rig import RUN, TOKEN

from hummii_ops.inventory import Secret
from hummii_ops.inventory.status_pages import GithubIssue
from hummii_ops.telling.channels.channel import Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.github_issue import IssuePage

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


class Repository(ThreadingHTTPServer):
    """Issues and comments; refuses any token but the right one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issues: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if "/comments" in self.path:
            self._say(self.server.comments)
        elif "/issues?" in self.path:
            assert "labels=status" in self.path
            self._say([one for one in self.server.issues if one["state"] == "open"])
        else:
            self._say(self._issue())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/comments"):
            self.server.comments.append(asked)
        else:
            asked |= {"number": len(self.server.issues) + 1, "state": "open"}
            self.server.issues.append(asked)
        self._say(asked)

    def do_PATCH(self) -> None:
        found = self._issue()
        found |= json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._say(found)

    def _issue(self) -> dict[str, Any]:
        return self.server.issues[int(self.path.rpartition("/")[2]) - 1]

    def _say(self, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(200 if self.headers["authorization"] == f"Bearer {TOKEN}" else 401)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def channel(repository: Repository, token: str = TOKEN) -> IssuePage:
    settings = {"kind": "github-issue", "name": "page", "repository": "hummii/status", "token": "token"}
    made = GithubIssue.model_validate(settings | {"url": f"http://127.0.0.1:{repository.server_port}"})
    return IssuePage(made, Secret(token), Words(audience="public", service="Hummii"), limit_s=5)


def tell(repository: Repository, ledger: Ledger, *kinds: NoteKind, again: bool = False, text: str = "") -> None:
    for kind in kinds:
        note = Note(id=f"{RUN}.{kind}", run_id=RUN, kind=kind, at=NOW, facts={"hosts": "prod-1", "text": text})
        channel(repository).send(note, ledger, again=again)


def test_an_issue_from_its_begin_to_its_end(repository: Repository, tmp_path: Path) -> None:
    """One issue, a comment for each update; closed by watching alone, open again when the trouble is back."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(repository, ledger, "planned", "started", "restored", "succeeded")
    assert [one["state"] for one in repository.issues] == ["open"]
    tell(repository, ledger, "monitoring-ok")
    assert [one["state"] for one in repository.issues] == ["closed"]
    tell(repository, ledger, "regressed")
    assert [one["state"] for one in repository.issues] == ["open"]
    assert len(repository.comments) == 4


def test_what_is_open_is_gone_on_with_and_told_once(repository: Repository, tmp_path: Path) -> None:
    """A person's issue keeps its title; who was killed after the comment writes no second one."""
    repository.issues.append({"number": 1, "state": "open", "title": "Orders fail", "body": None})
    tell(repository, Ledger(path=tmp_path / "a.json"), "started")
    tell(repository, Ledger(path=tmp_path / "b.json"), "started", again=True)
    assert [one["title"] for one in repository.issues] == ["Orders fail"]
    assert len(repository.comments) == 1


def test_nobody_is_mentioned_and_nothing_is_markup(repository: Repository, tmp_path: Path) -> None:
    """Also not by an announcement; one that says nothing wrong opens nothing."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(repository, ledger, "announced", "monitoring-ok", text="hello")
    assert not repository.issues
    tell(repository, ledger, "started")
    tell(repository, ledger, "announced", text="<img src=x> @everyone")
    assert "<img" not in repository.comments[0]["body"]
    assert "@everyone" not in repository.comments[0]["body"]


def test_a_wrong_token(repository: Repository) -> None:
    """A person has to mend it."""
    with pytest.raises(Never):
        channel(repository, token="wrong").check()
    assert "can be read" in channel(repository).check()
