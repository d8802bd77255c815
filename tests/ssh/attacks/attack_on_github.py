"""A job of GitHub Actions, and what an attacker can put into it: branches, messages, events, answers of the API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attacked import SECRET, Answer, Attacked
from runner import parse_outputs

SHA = "0123456789abcdef0123456789abcdef01234567"
OUTPUTS = {"verdict", "run_id", "rolled_back_to", "report"}
COMMANDS = ("::add-mask", "::add-path", "::set-env", "::set-output", "::stop-commands")  # of the runner, by a line


class Answering(ThreadingHTTPServer):
    """An API whose every answer says the same."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = body


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def api(answer: Mapping[str, Any]) -> Iterator[str]:
    """Its address, until the block is left."""
    server = Answering(json.dumps(answer).encode())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def job(attacked: Attacked, *words: str, event: Any = None, **env: str) -> Answer:
    """A call of fab within a job, with the proof that the runner was handed what we mean and nothing else."""
    files = {name: attacked.laptop / name.lower() for name in ("EVENT_PATH", "OUTPUT", "STEP_SUMMARY")}
    files["EVENT_PATH"].write_text(json.dumps(event or {}))
    for name in ("OUTPUT", "STEP_SUMMARY"):
        files[name].write_text("")
    whole = {f"GITHUB_{name}": str(path) for name, path in files.items()}
    whole |= {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_REPOSITORY": "hummii/shop"}
    answer = attacked.fab(*words, **(whole | env))
    handed = files["OUTPUT"].read_text()
    assert set(parse_outputs(handed)) <= OUTPUTS, handed
    page = files["STEP_SUMMARY"].read_text()
    attacked.is_harmless(words, handed + page)
    assert not [mark for mark in ("](", "<", "@") if mark in page.replace("@\u200b", "")], page
    assert not [line for line in answer.err.splitlines() if line.startswith(COMMANDS)], answer.err
    return answer


def rolled_back(attacked: Attacked, *words: str, event: Any = None, **env: str) -> Answer:
    return job(attacked, "ci.rollback", "--yes", "--result=failure", *words, event=event, **env)


NO_HOST = "--limit=none"  # all is read and asked that comes before a host


def flag(name: str) -> Callable[[Attacked, str], Answer]:
    """As the value of a flag that a workflow fills in."""
    return lambda attacked, text: rolled_back(attacked, f"{name}{text}")


def as_branch(attacked: Attacked, text: str) -> Answer:
    """Where a branch's name stands in a job, and as the reason that a workflow makes of it."""
    event = {"ref": f"refs/heads/{text}", "workflow_run": {"head_branch": text, "head_commit": {"id": SHA}}}
    ref = variable(text)
    env = {"GITHUB_REF": ref, "GITHUB_REF_NAME": ref, "GITHUB_HEAD_REF": ref, "GITHUB_BASE_REF": ref}
    return rolled_back(attacked, f"--reason={text}", event=event, **env)


def in_event(attacked: Attacked, text: str) -> Answer:
    """In the message of the commit that was deployed, and in every other text of the payload, keys among them."""
    head = {"id": SHA, "message": text, "author": {"name": text, "email": text}}
    event = {text: text, "head_commit": head, "deployment": {"task": text, "environment": text}}
    return rolled_back(attacked, event=event | {"workflow_run": {"head_commit": head | {"id": text}, "name": text}})


def instead_of_objects(attacked: Attacked, text: str) -> Answer:
    """Where the payload has an object; the commit's message comes from the API then."""
    event = dict.fromkeys(("head_commit", "workflow_run", "deployment"), text)
    with api({"message": text}) as url:
        return rolled_back(attacked, NO_HOST, event=event, GITHUB_API_URL=url, GITHUB_TOKEN=SECRET)


def in_environment(attacked: Attacked, text: str) -> Answer:
    """In what the runner says of its job: GitHub is asked about no such repository."""
    names = ("REPOSITORY", "RUN_ID", "SERVER_URL", "ACTOR", "WORKFLOW", "TOKEN")
    with api({"message": "a change"}) as url:
        said = {f"GITHUB_{name}": variable(text) for name in names}
        return rolled_back(attacked, NO_HOST, **(said | {"GITHUB_API_URL": url}))


def in_answers(attacked: Attacked, text: str) -> Answer:
    """In what GitHub says of the checks that a commit has passed, or not."""
    one = {"name": text, "context": text, "status": "completed", "conclusion": text, "state": text, "id": 1}
    said = {"check_runs": [one | {"details_url": text}], "statuses": [one], "total_count": 1}
    with api(said) as url:
        attacked.inventory(predeploy={"gates": ["tests"], "required": ["test"]})
        return job(attacked, "predeploy", GITHUB_API_URL=url, GITHUB_TOKEN=SECRET)


def variable(text: str) -> str:
    """No variable of an environment holds a NUL."""
    return text.replace("\0", "")
