"""The JSON Schema of inventory.yml, for editors; made from the models, so that the two cannot differ."""

from __future__ import annotations

from typing import Any

from hummii_ops.inventory.models import InventoryFile

SCHEMA_ID = "hummii-ops/inventory/v1"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of inventory.yml.

    It describes what a person writes: no `name` inside an environment, and `hosts` may stand in the file
    that is included.
    """
    schema = InventoryFile.model_json_schema(by_alias=True, mode="validation")
    environment = schema["$defs"]["Environment"]
    del environment["properties"]["name"]
    del environment["required"]
    environment["anyOf"] = [{"required": ["hosts"]}, {"required": ["include"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "hummii-ops inventory",
        **{key: value for key, value in schema.items() if key != "title"},
    }
