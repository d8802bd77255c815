"""fab … --format=jsonl over a real sshd: each event of a run is a line as it comes, and the document is the last."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from host_tools import wait_for
from jsonschema import Draft202012Validator
from laptop import ROOT, Laptop
from rig import Rig, Shipped
from rig_steps import failing, waiting

EVENT = Draft202012Validator(json.loads((ROOT / "docs/schemas/event.schema.json").read_text()))


def in_short(events: list[dict[str, Any]]) -> list[str]:
    """As the journal in short; each keeps to its schema."""
    for one in events:
        EVENT.validate(one)
    return [f"{one['kind']} {one['step'] or ''}".strip() for one in events]


def test_events_come_while_the_run_is_at_work(laptop: Laptop, dash_rig: Rig) -> None:
    """A program sees the step that lasts before it ends; then the rest, and the document that json gives."""
    go = dash_rig.folder / "go"
    run = dash_rig.new_run(dash_rig.swap(waiting("wait", go))).sent()
    run.start()
    with laptop.start("attach", "--format=jsonl") as process:
        assert process.stdout
        assert process.stderr
        seen = []
        while not seen or seen[-1]["step"] != "wait":
            seen.append(json.loads(process.stdout.readline()))
        assert run.state() == "forward"
        go.touch()
        *rest, document = map(json.loads, process.stdout)
        assert "wait" in process.stderr.read()
    assert in_short([*seen, *rest]) == run.said()
    assert (process.returncode, document["schema"], document["verdict"]) == (0, "hummii-ops/attach/v1", "pass")
    assert document == json.loads(laptop.fab("attach", "--format=json")[1])


def killed(rig: Rig) -> Shipped:
    """A run whose host was cut while a step was at work."""
    go = rig.folder / "go"
    run = rig.new_run(rig.swap(waiting("wait", go))).sent()
    run.start()
    wait_for(lambda: Path(f"{go}.reached").exists())
    for pid in (run.runner(), *rig.processes("step.sh")):
        os.kill(pid, signal.SIGKILL)
    run.until_quiet()
    go.touch()
    return run


@pytest.mark.parametrize(("task", "last"), [("resume", "done"), ("cancel", "restored"), ("undo", "restored")])
def test_who_leads_a_run_to_its_end(laptop: Laptop, dash_rig: Rig, task: str, last: str) -> None:
    """A killed run, gone on with or taken back: its events from the first on, and nothing else on stdout."""
    run = killed(dash_rig)
    code, out, err = laptop.fab(task, "--yes", "--format=jsonl")
    *events, document = map(json.loads, out.splitlines())
    assert (code, document["exit_code"], document["schema"]) == (0, 0, f"hummii-ops/{task}/v1"), out + err
    assert in_short(events) == run.said()
    assert run.said()[-1] == last


def test_a_run_that_went_back_has_its_code(laptop: Laptop, dash_rig: Rig) -> None:
    """5 for what is restored, in the document and of the process."""
    run = dash_rig.new_run(dash_rig.swap(failing()))
    assert run.begin().state == "restored"
    code, out, _ = laptop.fab("attach", "--format=jsonl")
    *events, document = map(json.loads, out.splitlines())
    assert (code, document["exit_code"]) == (5, 5), document
    assert in_short(events) == run.said()


@pytest.mark.parametrize(
    ("words", "code"), [(("attach", "--run=20260101T000000Z-rollback-0000"), 3), (("status",), 2), (("releases",), 2)]
)
def test_an_error_is_the_only_line(laptop: Laptop, dash_rig: Rig, words: tuple[str, ...], code: int) -> None:
    """Also of a task that carries no run, and so has no such format."""
    got, out, _ = laptop.fab(*words, "--format=jsonl")
    (document,) = map(json.loads, out.splitlines())
    assert (got, document["schema"], document["exit_code"]) == (code, "hummii-ops/error/v1", code)
