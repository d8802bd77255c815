"""Tasks about inventory.yml itself: config.check, config.show, config.schema. They reach no host."""

from __future__ import annotations

import io
import json
from typing import Any

from invoke.collection import Collection
from rich.console import Console
from ruamel.yaml import YAML

from hummii_ops.errors import ExitCode
from hummii_ops.inventory import InventoryErrors, Problem, inventory_path, json_schema, resolved
from hummii_ops.inventory import check as check_inventory
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.setup import wordings
from hummii_ops.transport import printable


@command("check")
def check(_context: Any, format: str = "text") -> Reply:
    """Every mistake of inventory.yml and of the files that it includes, each with its place; 2 when there is any."""
    path = inventory_path()
    try:
        inventory = check_inventory(path)
        wordings.check(inventory)
    except InventoryErrors as errors:
        return _mistakes(errors)
    names = list(inventory.names)
    body = {"file": str(path), "environments": names, "default": inventory.default, "problems": []}

    def show(console: Console) -> None:
        console.print(f"{path} is right: {', '.join(names) or 'no environment yet'}", markup=False)

    return Reply(kind="config-check", body=body, show=show)


@command("show")
def show(_context: Any, env: str | None = None, format: str = "text") -> Reply:
    """An environment as it is understood: every default filled in, paths absolute, secrets as ***."""
    environment = session.choose(env)
    values = resolved(environment)

    def show(console: Console) -> None:
        console.print(printable(_as_yaml({environment.name: values})), markup=False, end="")

    return Reply(kind="config", body={"environment": environment.name, "values": values}, show=show)


@command("schema")
def schema(_context: Any, format: str = "text") -> Reply:
    """The JSON Schema of inventory.yml, for editors; with --format=json inside of our own document."""
    document = json_schema()

    def show(console: Console) -> None:
        console.file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    return Reply(kind="config-schema", body={"json_schema": document}, show=show)


def _mistakes(errors: InventoryErrors) -> Reply:
    def show(_console: Console) -> None:
        people = say()
        for problem in errors.problems:
            people.print(printable(str(problem)), markup=False)
        number = len(errors.problems)
        people.print(f"{number} mistake{'s' if number > 1 else ''}", style="bold red")
        people.print(f"  next: {errors.remedy}", markup=False)

    body = {
        "file": str(inventory_path()),
        "problems": [_problem(one) for one in errors.problems],
        "error": errors.what,
        "remedy": errors.remedy,
    }
    return Reply(kind="config-check", body=body, exit_code=ExitCode.USAGE, verdict="usage", show=show)


def _problem(one: Problem) -> dict[str, Any]:
    return {
        "file": str(one.file),
        "line": one.line,
        "column": one.column,
        "path": one.path,
        "message": one.message,
        "nearest": one.nearest,
        "remedy": one.remedy or None,
    }


def _as_yaml(values: dict[str, Any]) -> str:
    yaml, stream = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order of the models
    yaml.width = 4096
    yaml.dump(values, stream)
    return stream.getvalue()


namespace = Collection("config", check, show, schema)
