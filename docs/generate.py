"""The reference pages, made from the code, so that the two cannot differ.

python docs/generate.py            writes docs/reference/*.md and docs/schemas/inventory.schema.json
python docs/generate.py --check    changes nothing; exits 1 and names what is stale
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from steps_page import steps_page
from tables import MADE, table

from hummii_ops import errors
from hummii_ops.errors import ExitCode
from hummii_ops.inventory import json_schema
from hummii_ops.inventory.channels import Apprise, Email, Notify, PagerDuty, Slack, SlackWebhook, Webhook
from hummii_ops.inventory.flow_settings import Flows
from hummii_ops.inventory.followups import Followups
from hummii_ops.inventory.hosts import Host
from hummii_ops.inventory.limits import AccessLog, Limits, Prometheus, PrometheusQuery
from hummii_ops.inventory.models import Environment, InventoryFile
from hummii_ops.inventory.predeploy import IgnoredFinding, Predeploy, Waiver
from hummii_ops.inventory.prevention import Postdeploy, Ready, Watching
from hummii_ops.inventory.stack_settings import Database, Health, Logs, Proxy
from hummii_ops.inventory.status_pages import GithubIssue, StaticPage, StaticPageOnHost, Statuspage
from hummii_ops.tasks import menu

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# What each exit code asks of the one who reads it. The meaning itself comes from errors.py.
MEANINGS = {
    ExitCode.DONE: "done and verified; a view could read, whatever it shows; a dry run's plan can run",
    ExitCode.INTERNAL: "a bug in hummii-ops",
}
NEXT = {
    ExitCode.DONE: "Nothing. After a rollback: `fab verify`, and tell people.",
    ExitCode.INTERNAL: "Read the log whose path is printed. See what is true: `fab status`.",
    ExitCode.USAGE: "Correct the command or `inventory.yml`; the message names the place.",
    ExitCode.REFUSED: "Nothing changed. Do what the message says, then try again.",
    ExitCode.BUSY: "Wait (`--wait=SECONDS`), or watch the other one: `fab attach`.",
    ExitCode.RESTORED: "The state from before runs again. Read why: `fab evidence`. Choose another release.",
    ExitCode.MIXED: "Act now: `fab status`, then `fab resume` or `fab undo`.",
    ExitCode.DEGRADED: "It runs. Find out what is not confirmed: `fab verify`.",
    ExitCode.DETACHED: "The run goes on without you. Watch it: `fab attach`.",
    ExitCode.DECLINED: "Nothing. You said no.",
    ExitCode.INCONCLUSIVE: "Look again; the message says what could not be judged.",
    ExitCode.INTERRUPTED: "Nothing changed. Start again when you want to.",
}

INVENTORY_HEAD = """
# inventory.yml

Check a file with `fab config.check`; see every default filled in with `fab config.show`.
An editor that knows JSON Schema can use [inventory.schema.json](../schemas/inventory.schema.json).
"""
CHANNELS: dict[str, type[BaseModel]] = {
    "slack": Slack,
    "slack-webhook": SlackWebhook,
    "email": Email,
    "pagerduty": PagerDuty,
    "webhook": Webhook,
    "apprise": Apprise,
    "static-page": StaticPage,
    "static-page-on-host": StaticPageOnHost,
    "statuspage": Statuspage,
    "github-issue": GithubIssue,
}


def pages() -> dict[Path, str]:
    """Every generated file and its text."""
    reference = DOCS / "reference"
    return {
        reference / "tasks.md": tasks_page(),
        reference / "inventory.md": inventory_page(),
        reference / "exit-codes.md": exit_codes_page(),
        reference / "steps.md": steps_page(),
        DOCS / "schemas" / "inventory.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
    }


# Tasks


def tasks_page() -> str:
    """Every task, its flags and their help."""
    found = menu.collect(())
    text = (
        MADE + "\n# Tasks\n\nValues are always flags: `--to=1.0`, never a bare word. `fab --help TASK` says the same.\n"
    )
    for name, aliases in sorted(found.task_names.items(), key=lambda item: ("." in item[0], item[0])):
        task = found[name]
        also = f" (also `{'`, `'.join(aliases)}`)" if aliases else ""
        text += f"\n## fab {name}{also}\n\n{inspect.cleandoc(task.__doc__ or '')}\n"
        if getattr(task, "changes", False):
            text += "\nChanges something, so it stands alone in a call.\n"
        rows = [_flag(one) for one in sorted(task.get_arguments(), key=lambda one: str(one.name))]
        text += f"\n{table(('flag', 'what it does'), rows)}" if rows else ""
    return text


def _flag(argument: Any) -> tuple[str, str]:
    flag = "--" + str(argument.name).strip("_").replace("_", "-")
    value = {bool: "", int: "=NUMBER"}.get(argument.kind, "=TEXT")
    default = "" if argument.default in (None, False, "", 0, -1) else f" (default: `{argument.default}`)"
    return f"`{flag}{value}`", f"{argument.help or ''}{default}".strip()


# Inventory


def inventory_page() -> str:
    """Every key of inventory.yml."""
    text = MADE + INVENTORY_HEAD
    parts: list[tuple[str, type[BaseModel], tuple[str, ...]]] = [
        ("The file", InventoryFile, ()),
        ("environments.NAME", Environment, ("name",)),
        ("environments.NAME.hosts[]", Host, ()),
        ("environments.NAME.health", Health, ()),
        ("environments.NAME.proxy", Proxy, ()),
        ("environments.NAME.database", Database, ()),
        ("environments.NAME.logs", Logs, ()),
        ("environments.NAME.limits", Limits, ()),
        ("environments.NAME.access_log", AccessLog, ()),
        ("environments.NAME.prometheus", Prometheus, ()),
        ("environments.NAME.prometheus.queries.NAME", PrometheusQuery, ()),
        ("environments.NAME.flows", Flows, ()),
        ("environments.NAME.predeploy", Predeploy, ()),
        ("environments.NAME.predeploy.ignore[]", IgnoredFinding, ()),
        ("environments.NAME.predeploy.waivers[]", Waiver, ()),
        ("environments.NAME.followups", Followups, ()),
        ("environments.NAME.ready", Ready, ()),
        ("environments.NAME.watch", Watching, ()),
        ("environments.NAME.postdeploy", Postdeploy, ()),
        ("environments.NAME.notify", Notify, ()),
        *((f"environments.NAME.notify.channels[] of kind {kind}", model, ()) for kind, model in CHANNELS.items()),
    ]
    for title, model, skipped in parts:
        rows = [
            (f"`{name}`", _default(field), field.description or "")
            for name, field in model.model_fields.items()
            if name not in skipped
        ]
        says = inspect.cleandoc(model.__doc__ or "")
        text += f"\n## {title}\n\n{says}\n\n{table(('key', 'default', 'meaning'), rows)}"
    return text


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value) or "none"
    if isinstance(value, Mapping):
        return "none"
    return "null" if value is None else f"`{value}`"


# Exit codes


def exit_codes_page() -> str:
    """The table of errors.py, with what each code asks of the reader."""
    said = dict(MEANINGS)
    for code, meaning in re.findall(r"\w+\s+(\d+)\s{3}(\S.*)$", errors.__doc__ or "", flags=re.MULTILINE):
        said.setdefault(ExitCode(int(code)), meaning.strip())  # the first that is named with a code is the general one
    rows = [(f"**{int(code)}**", said[code], NEXT[code]) for code in ExitCode]
    text = MADE + "\n# Exit codes\n\nThe same for every task, and `exit_code` in every JSON document.\n\n"
    return text + table(("code", "meaning", "what it asks of you"), rows)


def main(words: list[str]) -> int:
    made = pages()
    if words == ["--check"]:
        stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: python docs/generate.py", file=sys.stderr)
        return 1 if stale else 0
    if words:
        sys.exit(__doc__)
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
