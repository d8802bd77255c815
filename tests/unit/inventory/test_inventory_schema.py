"""The JSON Schema says the same as the loader, and explains every key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from hummii_ops.inventory import json_schema

CASES = Path(__file__).parent / "cases"


def errors_of(path: Path) -> list[Any]:
    document = YAML(typ="safe", pure=True).load(path.read_text())
    return list(Draft202012Validator(json_schema()).iter_errors(json.loads(json.dumps(document))))


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema and can be written as JSON."""
    Draft202012Validator.check_schema(json.loads(json.dumps(json_schema())))


def test_every_key_is_explained() -> None:
    """Each key of each model has a description: the reference page is made from them."""
    schema = json_schema()
    models = {"inventory": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, model in models.items()
        for key, value in model.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


def test_the_shipped_inventory_fits() -> None:
    """An editor shows no mistake in the inventory.yml of the project."""
    assert errors_of(Path(__file__).parents[3] / "inventory.yml") == []
    assert errors_of(CASES / "good-minimal.yml") == []


@pytest.mark.parametrize("case", ["many-mistakes-at-once", "unknown-keys", "hosts-missing", "wrong-types"])
def test_an_editor_sees_what_the_loader_refuses(case: str) -> None:
    """Unknown keys, wrong kinds of value and missing hosts are marked in the editor as well."""
    assert errors_of(CASES / f"{case}.yml")


def test_the_name_is_not_a_key() -> None:
    """Nobody is told to write `name` inside an environment."""
    assert "name" not in json_schema()["$defs"]["Environment"]["properties"]
