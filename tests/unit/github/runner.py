"""A small runner for our own workflows and action: jobs and steps as GitHub runs them, on this machine.

It knows `needs`, `if`, `run` under `bash -e`, the files for outputs and summary, composite actions and reusable
workflows of this repository (`$/`). Actions of others are not run: what they were given is kept in `used`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import expressions
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[3]
_ACTION, _WORKFLOW = (  # as GitHub starts bash: with `shell: bash`, and where a workflow names no shell
    ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail"),
    ("bash", "-e"),
)


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@dataclass
class Ended:
    """How a job or an action ended."""

    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(("::error", "::warning", "::notice"))]


@dataclass
class Runner:
    """A machine for jobs. `cancel_when` is asked while a step runs: true cancels the job, as a person does."""

    folder: Path
    github: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    cancel_when: Callable[[], bool] = lambda: False
    jobs: dict[str, Ended] = field(default_factory=dict)
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    cancelled: bool = False
    action_path: Path = ROOT
    limit_s: float = 300

    def workflow(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Ended]:
        """Every job of a workflow in its order; each is in `jobs`, those of a called workflow too."""
        jobs, ended = read_yaml(ROOT / ".github" / "workflows" / name)["jobs"], dict[str, Ended]()
        for job_id, job in jobs.items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else list(job.get("needs", []))
            context = self._context(inputs) | {
                "needs": {one: {"result": ended[one].result, "outputs": ended[one].outputs} for one in needs}
            }
            ended[job_id] = self._job(job, context, [ended[one].result for one in needs])
            self.jobs[job_id] = ended[job_id]
        return ended

    def action(self, inputs: Mapping[str, str], folder: str = "") -> Ended:
        """The action of this repository in that folder."""
        text, self.action_path = read_yaml(ROOT / folder / "action.yml"), ROOT / folder
        known = {
            name: expressions.interpolated(one.get("default", ""), self._context({}), _status([], cancelled=False))
            for name, one in text["inputs"].items()
        }
        assert set(inputs) <= set(known), set(inputs) - set(known)
        missing = [name for name, one in text["inputs"].items() if one.get("required") and not inputs.get(name)]
        assert not missing, missing
        ended, context = Ended(), self._context(known | dict(inputs))
        steps = self._steps(text["runs"]["steps"], context, ended, _ACTION)
        functions = _status([], cancelled=False)
        ended.outputs = {
            name: expressions.interpolated(one["value"], {**context, "steps": steps}, functions)
            for name, one in text["outputs"].items()
        }
        return ended

    def _job(self, job: Any, context: dict[str, Any], results: list[str]) -> Ended:
        functions = _status(results, cancelled=self.cancelled)
        if not expressions.condition(job.get("if"), context, functions):
            return Ended(result="skipped")
        if called := job.get("uses"):
            given = {key: _value(value, context, functions) for key, value in job.get("with", {}).items()}
            name = called.rsplit("/", 1)[1]
            declared = read_yaml(ROOT / ".github/workflows" / name)["on"]["workflow_call"]["inputs"]
            assert set(given) <= set(declared), set(given) - set(declared)
            defaults = {key: one.get("default", "") for key, one in declared.items()}
            [only] = self.workflow(name, defaults | given).values()
            return only
        ended = Ended()
        steps = self._steps(job["steps"], context, ended, _WORKFLOW)
        for name, value in job.get("outputs", {}).items():
            ended.outputs[name] = expressions.interpolated(value, {**context, "steps": steps}, functions)
        return ended

    def _steps(self, steps: Any, context: dict[str, Any], ended: Ended, shell: tuple[str, ...]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        cancelled = False
        for number, step in enumerate(steps):
            here = {**context, "steps": done}
            functions = _status([ended.result], cancelled=cancelled)
            if not expressions.condition(step.get("if"), here, functions):
                continue
            one = self._step(step, here, functions, shell, number)
            cancelled = cancelled or one.result == "cancelled"
            ended.result = one.result if ended.result == "success" else ended.result
            ended.log, ended.summary = ended.log + one.log, ended.summary + one.summary
            done[step.get("id", f"step-{number}")] = {"outputs": one.outputs, "conclusion": one.result}
        return done

    def _step(self, step: Any, context: Any, functions: Any, shell: tuple[str, ...], number: int) -> Ended:
        if "run" in step:
            assert "${{" not in step["run"], "an expression in a script's text"
            return self._run(step["run"], _texts(step.get("env", {}), context, functions), shell, number)
        given = _texts(step.get("with", {}), context, functions)
        if step["uses"].startswith("$/"):
            return self.action(given, step["uses"].removeprefix("$/"))
        self.used.append((step["uses"], given))
        return Ended()

    def _run(self, script: str, env: dict[str, str], shell: tuple[str, ...], number: int) -> Ended:
        place = Path(tempfile.mkdtemp(dir=self.folder, prefix=f"step-{number}-"))
        files = {name: place / name.lower() for name in _FILES}
        for path in files.values():
            path.touch()
        script_file = place / "script.sh"
        script_file.write_text(script, encoding="utf-8")
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        ours = ("HUMMII_", "GITHUB_", "SSH_")
        whole = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        whole |= {"GITHUB_ACTIONS": "true", "CI": "true", "RUNNER_TEMP": str(temp)}
        whole |= {"GITHUB_ACTION_PATH": str(self.action_path)}
        whole |= {f"GITHUB_{name}": str(path) for name, path in files.items()} | dict(self.environ) | env
        process = subprocess.Popen(
            [*shell, str(script_file)],
            cwd=self.folder,
            env=whole,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        over, cancelled = threading.Event(), list[bool]()
        watch = threading.Thread(target=self._watch, args=(process, over, cancelled))
        watch.start()
        try:
            log = process.communicate(timeout=self.limit_s)[0].decode(errors="replace")
        finally:
            over.set()
            watch.join()
        result = "cancelled" if cancelled else "success" if process.returncode == 0 else "failure"
        outputs = parse_outputs(files["OUTPUT"].read_text(encoding="utf-8"))
        return Ended(result=result, outputs=outputs, summary=files["STEP_SUMMARY"].read_text(encoding="utf-8"), log=log)

    def _watch(self, process: Any, over: threading.Event, cancelled: list[bool]) -> None:
        """A cancelled job gets Ctrl-C, and what does not listen is killed."""
        while not over.wait(0.1):
            if not self.cancelled and self.cancel_when():
                self.cancelled = True
                cancelled.append(True)
                os.killpg(process.pid, signal.SIGINT)
                if not over.wait(3):
                    os.killpg(process.pid, signal.SIGKILL)
                return

    def _context(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "inputs": dict(inputs),
            "github": self.github,
            "secrets": self.secrets,
            "vars": self.variables,
            "job": {},
        }


_FILES = ("OUTPUT", "STEP_SUMMARY", "ENV", "PATH")


def parse_outputs(text: str) -> dict[str, str]:
    """The outputs file as the runner reads it: `name=value`, or `name<<END` … `END`."""
    found, lines = dict[str, str](), iter(text.splitlines())
    for line in lines:
        name, heredoc, end = line.partition("<<")
        if heredoc and "=" not in name:
            body = []
            for inner in lines:
                if inner == end:
                    break
                body.append(inner)
            else:
                raise ValueError("an output without an end")
            found[name] = "\n".join(body)
        elif line:
            name, equals, value = line.partition("=")
            assert equals, line
            found[name] = value
    return found


def _texts(values: Mapping[str, Any], context: Any, functions: Any) -> dict[str, str]:
    return {key: expressions.interpolated(value, context, functions) for key, value in values.items()}


def _value(value: Any, context: Any, functions: Any) -> Any:
    return expressions.interpolated(value, context, functions) if isinstance(value, str) else value


def _status(results: list[str], *, cancelled: bool) -> dict[str, Callable[[], bool]]:
    return {
        "always": lambda: True,
        "cancelled": lambda: cancelled,
        "failure": lambda: not cancelled and "failure" in results,
        "success": lambda: not cancelled and all(one == "success" for one in results),
    }
