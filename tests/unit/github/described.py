"""GitHub's published description of the API (github-api.json), and whether a question or an answer keeps to it.

The file is the part that we use of `generated/api.github.com.json` in the npm package @octokit/openapi 23.0.2 (MIT),
without its prose and examples.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_FILE = Path(__file__).with_name("github-api.json")


@cache
def description() -> dict[str, Any]:
    """The description, with OpenAPI 3.0's `nullable` as JSON Schema has it."""
    return _nullable(json.loads(_FILE.read_text(encoding="utf-8")))


def operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, str]] | None:
    """What is described at a path, and the values in it."""
    for template, methods in description()["paths"].items():
        names = re.findall(r"\{(\w+)\}", template)
        match = re.fullmatch(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template)), path)
        if match and method.lower() in methods:
            return methods[method.lower()], dict(zip(names, match.groups(), strict=True))
    return None


def wrong_in_request(found: dict[str, Any], query: dict[str, str], body: Any) -> list[str]:
    """What in a question the description does not know."""
    known = {_resolved(one)["name"]: _resolved(one) for one in found["parameters"]}
    said = [f"no parameter {name}" for name in query if name not in known]
    for name, value in query.items():
        schema = known.get(name, {}).get("schema", {})
        typed = int(value) if schema.get("type") == "integer" else value
        said += [f"{name}: {problem}" for problem in wrong_in(schema, typed)]
    if "requestBody" in found:
        schema = found["requestBody"]["content"]["application/json"]["schema"]
        said += wrong_in(schema, body)
        said += [f"no field {name}" for name in body if name not in schema["properties"]]
    return said


def wrong_in_answer(found: dict[str, Any], status: int, body: Any) -> list[str]:
    """What in an answer is not as described."""
    return wrong_in(found["responses"][str(status)]["content"]["application/json"]["schema"], body)


def wrong_in(schema: dict[str, Any], value: Any) -> list[str]:
    """Every breach of a schema."""
    whole = {**schema, "components": description()["components"]}
    return [f"{one.json_path}: {one.message}" for one in Draft202012Validator(whole).iter_errors(value)]


def example(schema: dict[str, Any]) -> Any:
    """The least that a schema allows: for the many fields that GitHub sends and nobody here reads."""
    schema = _resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return example(schema[many][0])
    if "allOf" in schema:
        return {key: value for part in schema["allOf"] for key, value in example(part).items()}
    kind = schema.get("type", "object")
    kind = kind[-1] if isinstance(kind, list) else kind
    if kind == "object":
        wanted = schema.get("required", [])
        return {name: example(schema.get("properties", {}).get(name, {})) for name in wanted}
    text = {"uri": "https://github.example/x", "date-time": "2026-01-15T10:30:00Z"}.get(schema.get("format", ""), "x")
    return {"string": text, "integer": 1, "number": 1, "boolean": False, "array": [], "null": None}[kind]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        node: Any = description()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def _nullable(node: Any) -> Any:
    if isinstance(node, list):
        return [_nullable(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _nullable(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return made
    if isinstance(made.get("type"), str) and "enum" not in made and "allOf" not in made:
        return {**made, "type": [made["type"], "null"][::-1]}
    return {"anyOf": [{"type": "null"}, made]}
