"""`make demo`: a production that breaks and is healed in front of you, with the same commands that you would type.

Ends with 0 only if production was seen broken before and healed after.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.rule import Rule

from hummii_ops.errors import HummiiError, Refused
from lab import stack
from lab.state import Lab
from lab.tasks import asking

ROOT = Path(__file__).resolve().parent.parent
FAB = Path(sys.executable).with_name("fab")


def main() -> int:
    """The whole story; returns the exit code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    began = time.monotonic()
    try:
        url = _set_the_stage(console)
        _break(console, url)
        _heal(console, url)
    except HummiiError as error:
        console.print(f"[bold red]{error.verdict}[/] ", end="")
        console.print(error.what, markup=False)
        if error.remedy:
            console.print(f"  next: {error.remedy}", markup=False)
        return int(error.exit_code)
    _what_next(console, url, time.monotonic() - began)
    return 0


def _set_the_stage(console: Console) -> str:
    console.print(Rule("1 · a production server, on this machine alone"))

    def say(text: str) -> None:
        console.print(f"   {text}", style="dim", markup=False)

    lab = Lab.here()
    fresh = not lab.read().hosts
    record = stack.up(lab, count=None, proxy=None, say=say, ask=asking(say))
    if not fresh:
        stack.reset(lab, say=say, ask=asking(say))
    url = f"{record.hosts[0].url}/api/health"
    _fab(console, "verify", "--settle=3")
    return url


def _break(console: Console, url: str) -> None:
    console.print(Rule("2 · the team deploys 1.1, and it is broken"))
    _fab(console, "lab.deploy", "--version=1.1")
    deadline = time.monotonic() + 60
    while (said := _ask(url))[0] != 503 or said[1] != "1.1":
        if time.monotonic() > deadline:
            raise Refused(f"1.1 should answer 503 at {url}, but it says {said}", remedy="fab lab.status")
        time.sleep(0.2)
    console.print(f"   customers see: [bold red]HTTP 503[/] from {url}")
    _fab(console, "status")


def _heal(console: Console, url: str) -> None:
    console.print(Rule("3 · one command"))
    _fab(console, "rollback", "--latest", "--yes", "--reason=1.1 answers 503 to everyone")
    console.print(Rule("4 · the proof"))
    said = _ask(url)
    if said != (200, "1.0"):
        raise Refused(f"{url} should answer as 1.0 now, but it says {said}", remedy="fab status")
    console.print(f"   customers see: [bold green]HTTP 200, version 1.0[/] from {url}")
    _fab(console, "status")
    _fab(console, "verify", "--settle=3")


def _what_next(console: Console, url: str, seconds: float) -> None:
    console.print(Rule(f"done in {seconds / 60:.1f} min"))
    console.print(
        f"""Production is healed: {url}
Try next:
  .venv/bin/fab --list                       all tasks
  .venv/bin/fab undo --yes                   take the rollback back (1.1 again), then roll back anew
  .venv/bin/fab lab.deploy --version=1.2     another bad release: healthy, but 30 % of orders fail
  .venv/bin/fab rollback --latest --dry-run  the plan, and nothing else
  .venv/bin/fab init --host=you@your-server  your own server: reads it, changes nothing there
Take it down:
  .venv/bin/fab lab.down""",
        markup=False,
    )


def _fab(console: Console, *words: str) -> None:
    """Run a task as the reader would. Raises Refused when it does not end with 0."""
    console.print(f"\n$ fab {shlex.join(words)}", style="bold cyan", markup=False)
    done = subprocess.run([FAB, *words], cwd=ROOT, env=_environment(), check=False)
    if done.returncode != 0:
        raise Refused(f"fab {words[0]} ended with exit code {done.returncode}", remedy="read what it says above")


def _environment() -> dict[str, str]:
    """The demo is about the lab of this checkout, whatever the shell says."""
    skipped = {"HUMMII_ENV", "HUMMII_INVENTORY"}
    return {key: value for key, value in os.environ.items() if key not in skipped}


def _ask(url: str) -> tuple[int | None, str | None]:
    try:
        answer = httpx.get(url, timeout=3)
    except httpx.HTTPError:
        return None, None
    try:
        return answer.status_code, json.loads(answer.content).get("version")
    except ValueError:
        return answer.status_code, None


if __name__ == "__main__":
    sys.exit(main())
